"""CORS as a browser meets it, from the rules that the REST API or S3 put."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.sandbox.r2.conftest import Storage

ORIGIN = "https://studio.example"
PATH = "/studio-audio/assets/voice.wav"
RULE = {
    "allowed": {
        "origins": [ORIGIN],
        "methods": ["GET", "PUT", "HEAD"],
        "headers": ["Content-Type", "Content-Length"],
    },
    "exposeHeaders": ["ETag"],
    "maxAgeSeconds": 3600,
}


def preflight(storage: Storage, method: str = "PUT", origin: str = ORIGIN, headers: str = "") -> httpx.Response:
    request_headers = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        request_headers["Access-Control-Request-Headers"] = headers
    return storage.s3.options(storage.url + PATH, headers=request_headers)


def cors_headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def test_a_preflight_without_any_rule_is_forbidden(storage: Storage, error: Any) -> None:
    assert error(preflight(storage)) == (403, "AccessForbidden")


def test_a_matching_preflight_is_answered_in_full(storage: Storage) -> None:
    storage.cors(RULE)
    answer = preflight(storage, headers="content-type")
    assert answer.status_code == 204
    assert cors_headers(answer) == {
        "access-control-allow-origin": ORIGIN,
        "access-control-allow-methods": "GET, PUT, HEAD",
        "access-control-allow-headers": "content-type",
        "access-control-expose-headers": "ETag",
        "access-control-max-age": "3600",
    }
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "https://other.example"},
        {"origin": "https://studio.example:8443"},
        {"origin": "http://studio.example"},
        {"method": "DELETE"},
        {"headers": "content-type, x-requested-by"},
    ],
)
def test_a_preflight_that_no_rule_covers_is_forbidden(storage: Storage, error: Any, changed: dict[str, str]) -> None:
    storage.cors(RULE)
    answer = preflight(storage, **changed)
    assert error(answer) == (403, "AccessForbidden")
    assert cors_headers(answer) == {}


def test_headers_are_compared_without_case(storage: Storage) -> None:
    storage.cors(RULE)
    assert preflight(storage, headers="CONTENT-TYPE,content-length").status_code == 204


def test_a_star_allows_any_header_and_any_origin(storage: Storage) -> None:
    storage.cors({"allowed": {"origins": ["*"], "methods": ["PUT"], "headers": ["*"]}})
    answer = preflight(storage, origin="https://anyone.example", headers="x-anything")
    assert answer.headers["access-control-allow-origin"] == "*"


def test_the_first_rule_that_matches_decides(storage: Storage) -> None:
    other = {"allowed": {"origins": ["https://other.example"], "methods": ["PUT"]}}
    storage.cors(other, RULE)
    assert preflight(storage).headers["access-control-allow-methods"] == "GET, PUT, HEAD"
    assert preflight(storage, origin="https://other.example").headers["access-control-allow-methods"] == "PUT"


def test_a_preflight_of_an_unknown_bucket_or_without_its_headers_is_refused(storage: Storage, error: Any) -> None:
    request_headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
    assert error(storage.s3.options(f"{storage.url}/nowhere/a", headers=request_headers)) == (403, "AccessForbidden")
    assert error(storage.s3.options(storage.url + PATH)) == (400, "InvalidArgument")


def test_a_presigned_upload_from_the_origin_carries_its_headers(storage: Storage) -> None:
    storage.cors(RULE)
    url = storage.presign(storage.key(), "PUT", PATH)
    answer = storage.s3.put(url, content=b"sound", headers={"Origin": ORIGIN})
    assert answer.status_code == 200
    assert cors_headers(answer) == {
        "access-control-allow-origin": ORIGIN,
        "access-control-expose-headers": "ETag",
    }
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://other.example"}])
def test_a_request_without_a_matching_origin_carries_none(storage: Storage, headers: dict[str, str]) -> None:
    storage.cors(RULE)
    key = storage.key()
    answer = storage.s3.put(storage.presign(key, "PUT", PATH), content=b"sound", headers=headers)
    assert answer.status_code == 200
    assert cors_headers(answer) == {}
    assert cors_headers(storage.s3.get(storage.presign(key, "GET", PATH), headers=headers)) == {}


def test_a_refusal_carries_the_headers_too_so_that_a_browser_can_read_it(storage: Storage) -> None:
    storage.cors(RULE)
    answer = storage.s3.get(storage.presign(storage.key(), "GET", PATH), headers={"Origin": ORIGIN})
    assert answer.status_code == 404
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_deleting_the_rules_ends_them(storage: Storage) -> None:
    storage.cors(RULE)
    assert preflight(storage).status_code == 204
    storage.rest.delete(f"/accounts/{storage.account}/r2/buckets/studio-audio/cors").raise_for_status()
    assert preflight(storage).status_code == 403


def test_rules_put_by_s3_and_by_rest_are_the_same_rules(storage: Storage, error: Any) -> None:
    admin = storage.key("admin")
    assert error(storage.send(admin, "GET", "/studio-audio?cors=")) == (404, "NoSuchCORSConfiguration")
    storage.cors(RULE)
    rules = storage.send(admin, "GET", "/studio-audio?cors=").text
    assert f"<AllowedOrigin>{ORIGIN}</AllowedOrigin>" in rules
    replaced = rules.replace(ORIGIN, "https://new.example")
    assert storage.send(admin, "PUT", "/studio-audio?cors=", content=replaced.encode()).status_code == 200
    rest = storage.rest.get(f"/accounts/{storage.account}/r2/buckets/studio-audio/cors").json()["result"]
    assert rest["rules"][0]["allowed"]["origins"] == ["https://new.example"]
    assert storage.send(admin, "DELETE", "/studio-audio?cors=").status_code == 204
    assert preflight(storage, origin="https://new.example").status_code == 403


def test_rules_by_s3_need_an_administrators_key_and_take_no_checksum(storage: Storage, error: Any) -> None:
    rule = f"<CORSRule><AllowedOrigin>{ORIGIN}</AllowedOrigin><AllowedMethod>PUT</AllowedMethod></CORSRule>"
    content = f"<CORSConfiguration>{rule}</CORSConfiguration>".encode()
    path = "/studio-audio?cors="
    assert error(storage.send(storage.key(), "PUT", path, content=content)) == (403, "AccessDenied")
    checksum = {"x-amz-sdk-checksum-algorithm": "CRC32"}
    admin = storage.key("admin")
    assert error(storage.send(admin, "PUT", path, content=content, headers=checksum)) == (501, "NotImplemented")
    assert error(storage.send(admin, "PUT", path, content=b"<broken")) == (400, "MalformedXML")
    forged = type(admin)(admin.token_id, "", "0" * 64)
    assert error(storage.send(forged, "PUT", path, content=content)) == (403, "SignatureDoesNotMatch")
    assert preflight(storage).status_code == 403
