"""What Cloudflare's refusals mean, by their code and by the other endpoint; and lists with a wrong total."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from deploybook.clouds import r2
from deploybook.clouds.api import Api
from deploybook.clouds.connections import Connections
from deploybook.clouds.r2.checks import other_buckets_are_refused, wrong_secret_is_refused
from deploybook.clouds.r2.client import REFUSALS, Cloudflare, _explain
from deploybook.clouds.r2.objects import Store, _refused
from deploybook.errors import (
    Conflict,
    NotTested,
    PermissionDenied,
    ServiceError,
    Unauthorized,
    UnexpectedResponse,
)

Answer = Callable[[httpx.Request], httpx.Response]


def cloudflare(answer: Answer) -> Cloudflare:
    client = httpx.Client(base_url="https://api.example.com/client/v4", transport=httpx.MockTransport(answer))
    return Cloudflare(Api("Cloudflare", client, _explain, "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_URL", REFUSALS), "a1")


def refused(status: int, code: int, message: str) -> httpx.Response:
    body = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return httpx.Response(status, json=body)


def accepted(result: object, **beside: object) -> httpx.Response:
    return httpx.Response(200, json={"success": True, "errors": [], "messages": [], "result": result, **beside})


NOT_ALLOWED = refused(403, 10000, "Authentication error")
UNKNOWN = refused(401, 1000, "Invalid API Token")


@pytest.mark.parametrize(
    ("account", "user", "kind"),
    [
        (NOT_ALLOWED, UNKNOWN, Unauthorized),
        (UNKNOWN, UNKNOWN, Unauthorized),
        (refused(403, 9109, "Invalid access token"), UNKNOWN, Unauthorized),
        (NOT_ALLOWED, NOT_ALLOWED, PermissionDenied),
        (NOT_ALLOWED, httpx.Response(500, text="oops"), PermissionDenied),
        (UNKNOWN, httpx.Response(500, text="oops"), UnexpectedResponse),
    ],
)
def test_the_other_endpoint_tells_a_dead_token_from_a_weak_one(
    account: httpx.Response, user: httpx.Response, kind: type[ServiceError]
) -> None:
    client = cloudflare(lambda request: user if "/user/" in request.url.path else account)
    with pytest.raises(ServiceError) as caught:
        r2.token_is_active(client)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("message", "kind", "hint"),
    [
        ("Invalid access token", Unauthorized, "Make a new token"),
        ("Unauthorized to access requested resource", PermissionDenied, "Super Administrator"),
    ],
)
def test_one_code_means_two_things_and_the_words_tell_them_apart(
    message: str, kind: type[ServiceError], hint: str
) -> None:
    with pytest.raises(ServiceError) as caught:
        cloudflare(lambda _: refused(403, 9109, message)).create_token("t", [])
    assert type(caught.value) is kind
    assert hint in caught.value.hint


def tokens(total: int, pages: list[int], size: int | None = 50) -> tuple[Answer, list[int]]:
    requested: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        requested.append(page)
        count = pages[page - 1] if page <= len(pages) else 0
        listed = [{"id": f"{page}-{number}", "name": "t"} for number in range(count)]
        return accepted(listed or None, result_info={"total_count": total, "page": page, "per_page": size})

    return answer, requested


@pytest.mark.parametrize(
    ("total", "pages", "size", "requests"),
    [(0, [50, 3], 50, 2), (2000, [3], 50, 1), (40, [20, 20, 1], 20, 3), (9, [50, 50], None, 3), (5, [], 50, 1)],
)
def test_a_list_is_followed_by_its_pages_and_not_by_its_total(
    total: int, pages: list[int], size: int | None, requests: int
) -> None:
    answer, requested = tokens(total, pages, size)
    assert len(list(cloudflare(answer).tokens())) == sum(pages)
    assert len(requested) == requests


def test_a_list_that_does_not_end_is_an_error() -> None:
    answer, requested = tokens(50, [50] * 1000)
    with pytest.raises(UnexpectedResponse, match="its list does not end"):
        list(cloudflare(answer).tokens())
    assert len(requested) == 100


class Clouds(Connections):
    """Connections with a client that a test has made."""

    def __init__(self, client: Cloudflare) -> None:
        super().__init__({})
        self.cloudflare = client


def test_a_bucket_in_another_jurisdiction_is_not_absent() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers.get("cf-r2-jurisdiction") == "us":
            return accepted({"name": "studio", "location": "enam"})
        return refused(404, 10006, "The specified bucket does not exist.")

    with pytest.raises(Conflict, match="is in the jurisdiction us") as caught:
        r2.Bucket("studio").read(Clouds(cloudflare(answer)))
    assert caught.value.entry == "r2-jurisdiction"


def test_a_jurisdiction_that_the_account_may_not_use_has_no_bucket() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers.get("cf-r2-jurisdiction", "").startswith("fedramp"):
            return NOT_ALLOWED
        return refused(404, 10006, "The specified bucket does not exist.")

    assert r2.Bucket("studio").read(Clouds(cloudflare(answer))) is None


def s3(status: int, code: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "ListObjectsV2")


@pytest.mark.parametrize(
    ("status", "code", "entry", "words"),
    [
        (401, "Unauthorized", "r2-new-key", "takes up to a minute"),
        (403, "SignatureDoesNotMatch", "r2-keys", "rotate true"),
        (403, "AccessDenied", "token-scope", "sets the token"),
        (404, "NoSuchBucket", "storage-errors", "R2_BUCKET_NAME"),
        (503, "SlowDown", "unexpected-response", "Wait"),
        (522, "", "unexpected-response", "Wait"),
        (429, "TooManyRequests", "rate-limited", "Wait"),
        (403, "RequestTimeTooSkewed", "unexpected-response", "clock"),
    ],
)
def test_only_a_wrong_signature_advises_another_key(status: int, code: str, entry: str, words: str) -> None:
    error = _refused("list_objects_v2", s3(status, code))
    assert error.entry == entry
    assert words in error.hint
    assert ("rotate" in error.hint) == (code == "SignatureDoesNotMatch")


def test_a_refusal_of_the_new_key_is_waited_for_as_long_as_cloudflare_says() -> None:
    assert r2.BucketToken.settle_seconds >= 60


@pytest.mark.parametrize("claim", [other_buckets_are_refused, wrong_secret_is_refused])
@pytest.mark.parametrize("own", [None, s3(401, "Unauthorized")], ids=["own bucket answers", "nothing answers"])
def test_a_refusal_for_another_reason_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, claim: Callable[[Store], str], own: ClientError | None
) -> None:
    """401 to everything, and 401 to all but the own bucket: neither shows that the key is bound to its bucket."""
    own_error = own and _refused("list_objects_v2", own)
    calls: list[str] = []

    def call(self: Store, operation: str, **parameters: object) -> None:
        calls.append(operation)
        if len(calls) > 1 or own_error:
            raise own_error or _refused(operation, s3(401, "Unauthorized"))

    monkeypatch.setattr(Store, "call", call)
    store = Store.__new__(Store)
    store.bucket, store.endpoint_url, store.access_key_id = "studio", "http://127.0.0.1:9", "k"
    with pytest.raises(NotTested):
        claim(store)
