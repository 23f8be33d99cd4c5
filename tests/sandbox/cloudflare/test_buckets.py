"""R2 buckets through the REST API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.cloudflare.conftest import Cloudflare

RULE = {
    "allowed": {"methods": ["GET", "PUT", "HEAD"], "origins": ["https://studio.example"], "headers": ["Content-Type"]},
    "exposeHeaders": ["ETag"],
    "maxAgeSeconds": 3600,
}


def test_a_created_bucket_reads_back_as_it_was_answered(cloudflare: Cloudflare) -> None:
    body = {"name": "studio-audio", "locationHint": "weur", "storageClass": "InfrequentAccess"}
    made = cloudflare.api.post(cloudflare.buckets, json=body).json()["result"]
    assert made["location"] == "weur"
    assert made["jurisdiction"] == "default"
    assert made["storage_class"] == "InfrequentAccess"
    assert cloudflare.api.get(f"{cloudflare.buckets}/studio-audio").json()["result"] == made


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("change", [{"locationHint": "weur"}, {"jurisdiction": "eu"}])
def test_no_request_moves_a_bucket(cloudflare: Cloudflare, method: str, change: dict[str, str]) -> None:
    cloudflare.bucket("studio-audio")
    before = cloudflare.api.get(f"{cloudflare.buckets}/studio-audio").json()["result"]
    assert cloudflare.api.request(method, f"{cloudflare.buckets}/studio-audio", json=change).is_error
    assert cloudflare.api.get(f"{cloudflare.buckets}/studio-audio").json()["result"] == before


def test_create_bucket_twice_returns_conflict(cloudflare: Cloudflare, code: Any) -> None:
    cloudflare.bucket("studio-audio")
    assert code(cloudflare.api.post(cloudflare.buckets, json={"name": "studio-audio"})) == (409, 10004)


def test_a_body_sent_as_plain_text_is_read_as_wrangler_sends_it(cloudflare: Cloudflare) -> None:
    content = json.dumps({"name": "studio-audio"})
    answer = cloudflare.api.post(cloudflare.buckets, content=content, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["ab", "a" * 64, "Studio", "studio_audio", "studio.audio", "-studio", "studio-", ""])
def test_a_name_that_no_bucket_can_have_is_refused(cloudflare: Cloudflare, code: Any, name: str) -> None:
    assert code(cloudflare.api.post(cloudflare.buckets, json={"name": name})) == (400, 10005)


@pytest.mark.parametrize(
    "body", [{}, [], {"name": 7}, {"name": "studio", "region": "auto"}, {"name": "studio", "locationHint": "mars"}]
)
def test_a_malformed_bucket_is_refused(cloudflare: Cloudflare, code: Any, body: Any) -> None:
    assert code(cloudflare.api.post(cloudflare.buckets, json=body)) == (400, 10040)


def test_a_missing_bucket_is_not_found_by_any_operation(cloudflare: Cloudflare, code: Any) -> None:
    one = f"{cloudflare.buckets}/nowhere"
    assert code(cloudflare.api.get(one)) == (404, 10006)
    assert code(cloudflare.api.delete(one)) == (404, 10006)
    assert code(cloudflare.api.get(f"{one}/cors")) == (404, 10006)
    assert code(cloudflare.api.put(f"{one}/cors", json={"rules": [RULE]})) == (404, 10006)
    assert code(cloudflare.api.get(f"{one}/lifecycle")) == (404, 10006)


def test_an_empty_bucket_can_be_deleted_and_its_name_used_again(cloudflare: Cloudflare) -> None:
    for _ in range(2):
        cloudflare.bucket("studio-audio")
        assert cloudflare.api.delete(f"{cloudflare.buckets}/studio-audio").json()["result"] == {}
    assert cloudflare.api.get(cloudflare.buckets).json()["result"]["buckets"] == []


def test_buckets_are_listed_by_name_and_paged_by_cursor(cloudflare: Cloudflare) -> None:
    for name in ("cccc", "aaaa", "bbbb"):
        cloudflare.bucket(name)
    first = cloudflare.api.get(cloudflare.buckets, params={"per_page": 2}).json()
    assert [bucket["name"] for bucket in first["result"]["buckets"]] == ["aaaa", "bbbb"]
    query = {"per_page": 2, "cursor": first["result_info"]["cursor"]}
    second = cloudflare.api.get(cloudflare.buckets, params=query).json()
    assert [bucket["name"] for bucket in second["result"]["buckets"]] == ["cccc"]
    assert "cursor" not in second["result_info"]


def test_the_list_is_filtered_and_turned_round(cloudflare: Cloudflare) -> None:
    for name in ("audio-1", "audio-2", "video-1"):
        cloudflare.bucket(name)

    def names(**query: Any) -> list[str]:
        buckets = cloudflare.api.get(cloudflare.buckets, params=query).json()["result"]["buckets"]
        return [bucket["name"] for bucket in buckets]

    assert names(name_contains="audio") == ["audio-1", "audio-2"]
    assert names(direction="desc") == ["video-1", "audio-2", "audio-1"]
    assert names(start_after="audio-1") == ["audio-2", "video-1"]


@pytest.mark.parametrize("query", [{"per_page": 0}, {"per_page": 1001}, {"cursor": "nonsense"}])
def test_a_malformed_page_is_refused(cloudflare: Cloudflare, code: Any, query: dict[str, Any]) -> None:
    assert code(cloudflare.api.get(cloudflare.buckets, params=query))[0] == 400


def test_a_bucket_of_a_jurisdiction_is_not_found_without_its_header(cloudflare: Cloudflare, code: Any) -> None:
    europe = {"cf-r2-jurisdiction": "eu"}
    cloudflare.bucket("studio-eu", **europe)
    one = f"{cloudflare.buckets}/studio-eu"
    assert code(cloudflare.api.get(one)) == (404, 10006)
    assert code(cloudflare.api.put(f"{one}/cors", json={"rules": [RULE]})) == (404, 10006)
    assert cloudflare.api.get(cloudflare.buckets).json()["result"]["buckets"] == []
    assert cloudflare.api.get(one, headers=europe).json()["result"]["jurisdiction"] == "eu"
    assert code(cloudflare.api.delete(one)) == (404, 10006)
    assert cloudflare.api.delete(one, headers=europe).status_code == 200


def test_cors_is_not_found_until_put_and_again_after_deletion(cloudflare: Cloudflare, code: Any) -> None:
    cloudflare.bucket("studio-audio")
    path = f"{cloudflare.buckets}/studio-audio/cors"
    assert code(cloudflare.api.get(path)) == (404, 10059)
    assert cloudflare.api.put(path, json={"rules": [RULE]}).json()["result"] == {}
    assert cloudflare.api.get(path).json()["result"] == {"rules": [RULE]}
    cloudflare.api.delete(path).raise_for_status()
    assert code(cloudflare.api.get(path)) == (404, 10059)


def test_putting_cors_replaces_all_rules(cloudflare: Cloudflare) -> None:
    cloudflare.bucket("studio-audio")
    path = f"{cloudflare.buckets}/studio-audio/cors"
    cloudflare.api.put(path, json={"rules": [RULE, RULE]}).raise_for_status()
    other = {"allowed": {"methods": ["GET"], "origins": ["*"]}}
    cloudflare.api.put(path, json={"rules": [other]}).raise_for_status()
    assert cloudflare.api.get(path).json()["result"] == {"rules": [other]}


@pytest.mark.parametrize(
    "rule",
    [
        {"AllowedOrigins": ["https://studio.example"], "AllowedMethods": ["PUT"]},
        {"allowed": {"origins": ["https://studio.example"]}},
        {"allowed": {"origins": [], "methods": ["PUT"]}},
        {"allowed": {"origins": "https://studio.example", "methods": ["PUT"]}},
        {**RULE, "maxAgeSeconds": 86401},
        {**RULE, "maxAgeSeconds": "3600"},
    ],
)
def test_cors_in_s3s_spelling_or_misshapen_is_refused(cloudflare: Cloudflare, code: Any, rule: Any) -> None:
    cloudflare.bucket("studio-audio")
    answer = cloudflare.api.put(f"{cloudflare.buckets}/studio-audio/cors", json={"rules": [rule]})
    assert code(answer) == (400, 10040)


@pytest.mark.parametrize(
    "origin", ["https://studio.example/", "https://studio.example/app", "studio.example", "https://", "HTTPS studio"]
)
def test_an_origin_that_is_not_an_origin_is_refused(cloudflare: Cloudflare, code: Any, origin: str) -> None:
    cloudflare.bucket("studio-audio")
    rule = {"allowed": {"methods": ["PUT"], "origins": [origin]}}
    assert code(cloudflare.api.put(f"{cloudflare.buckets}/studio-audio/cors", json={"rules": [rule]}))[0] == 400


def test_an_unknown_method_in_a_rule_is_refused(cloudflare: Cloudflare, code: Any) -> None:
    cloudflare.bucket("studio-audio")
    rule = {"allowed": {"methods": ["PATCH"], "origins": ["*"]}}
    assert code(cloudflare.api.put(f"{cloudflare.buckets}/studio-audio/cors", json={"rules": [rule]}))[0] == 400


def test_a_new_bucket_ends_unfinished_uploads_after_a_week(cloudflare: Cloudflare) -> None:
    cloudflare.bucket("studio-audio")
    (rule,) = cloudflare.api.get(f"{cloudflare.buckets}/studio-audio/lifecycle").json()["result"]["rules"]
    assert rule["abortMultipartUploadsTransition"]["condition"] == {"type": "Age", "maxAge": 604800}


def test_lifecycle_rules_are_replaced_and_checked(cloudflare: Cloudflare, code: Any) -> None:
    cloudflare.bucket("studio-audio")
    path = f"{cloudflare.buckets}/studio-audio/lifecycle"
    age = {"condition": {"type": "Age", "maxAge": 86400}}
    rule = {"id": "renders", "enabled": True, "conditions": {"prefix": "renders/"}, "deleteObjectsTransition": age}
    cloudflare.api.put(path, json={"rules": [rule]}).raise_for_status()
    assert cloudflare.api.get(path).json()["result"] == {"rules": [rule]}
    for broken in (
        {**rule, "enabled": "yes"},
        {**rule, "conditions": {}},
        {**rule, "Status": "Enabled"},
        {**rule, "deleteObjectsTransition": {"condition": {"type": "Age", "maxAge": "1d"}}},
        {**rule, "abortMultipartUploadsTransition": {"condition": {"type": "Date", "date": "2030-01-01T00:00:00Z"}}},
    ):
        assert code(cloudflare.api.put(path, json={"rules": [broken]})) == (400, 10040), broken


def test_temporary_credentials_are_loudly_absent(cloudflare: Cloudflare) -> None:
    answer = cloudflare.api.post(f"/accounts/{cloudflare.account}/r2/temp-access-credentials", json={})
    assert answer.status_code == 501
