"""A client turns an answer into a model, or into one error with the provider's name and what is known of a write."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from deploybook.clouds.answers import Answer, EpochSeconds, Many, Text
from deploybook.clouds.api import Api
from deploybook.clouds.refusals import Refusal
from deploybook.errors import (
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    Unauthorized,
    UnexpectedResponse,
    Unreachable,
)

PAGE = {"content-type": "text/html; charset=UTF-8"}


class Database(Answer):
    name: str
    regions: Many[str] = ()
    note: Text = ""
    ends: EpochSeconds = -1


class Envelope(Answer):
    database: Database


TABLE = (
    Refusal(RateLimited, "Wait.", "rate-limited", status=403, words="Too Often"),
    Refusal(
        PermissionDenied, lambda answer: f"Open {answer.headers['x-sso']}.", "ci-repository", status=403, header="x-sso"
    ),
)


def api(answer: httpx.Response | Callable[[httpx.Request], httpx.Response], table: tuple[Refusal, ...] = ()) -> Api:
    handler = answer if callable(answer) else lambda _: answer
    client = httpx.Client(base_url="https://api.example.com/v1", transport=httpx.MockTransport(handler))
    return Api("Turso", client, lambda body: ("", body["error"]), "TURSO_API_TOKEN", "TURSO_API_URL", table)


def refusal(answer: httpx.Response, method: str = "GET", table: tuple[Refusal, ...] = ()) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        api(answer, table).read(Envelope, "read it", method, "/database")
    return caught.value


def test_an_answer_is_a_model_and_null_reads_as_empty() -> None:
    answer = httpx.Response(200, json={"database": {"name": "a", "regions": None, "note": None, "more": 1}})
    assert api(answer).read(Envelope, "read it", "GET", "/database").database == Database(name="a")


@pytest.mark.parametrize(
    ("database", "problem"),
    [
        ({}, "it has no field database.name"),
        ({"name": 3}, "database.name: input should be a valid string"),
        ({"name": "a", "regions": [7]}, "database.regions.0: input should be a valid string"),
        (
            {"name": "a", "ends": 10**20},
            "database.ends: input should be less than or equal to 253402300799",
        ),
    ],
)
def test_a_field_that_does_not_fit_is_named(database: object, problem: str) -> None:
    error = refusal(httpx.Response(200, json={"database": database}))
    assert type(error) is UnexpectedResponse
    assert error.message == f"Turso could not read it: its answer (200) does not match its description: {problem}."


def test_a_value_that_does_not_fit_is_not_shown() -> None:
    error = refusal(httpx.Response(200, json={"database": {"name": ["canary-secret"]}}))
    assert "canary" not in "".join(error.lines())


def test_a_write_with_a_strange_answer_of_success_was_carried_out() -> None:
    error = refusal(httpx.Response(201, json={"database": None}), "POST")
    assert error.message.startswith(
        "Turso has carried out the request to read it (201), but its answer does not match its description"
    )
    assert error.hint == "Run this again: it reads what exists and continues from there."


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="<p>Welcome"), httpx.Response(200, content=b"[" * 100_000)]
)
def test_a_write_with_an_answer_that_is_no_json_may_have_been_carried_out(answer: httpx.Response) -> None:
    assert refusal(answer, "POST").message.endswith("is not JSON. Whether it was carried out is not known.")


def test_a_body_that_cannot_be_decompressed_is_an_unexpected_response() -> None:
    error = refusal(httpx.Response(200, stream=httpx.ByteStream(b"xx"), headers={"content-encoding": "gzip"}))
    assert type(error) is UnexpectedResponse
    assert "decompressed" in error.message


def test_an_id_that_makes_no_address_is_an_unexpected_response() -> None:
    with pytest.raises(UnexpectedResponse, match="makes no address"):
        api(httpx.Response(200)).call("read it", "GET", "/database/a\nb")


def test_a_lost_connection_says_that_a_write_may_have_been_carried_out() -> None:
    def lose(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset")

    with pytest.raises(Unreachable, match="Whether it was carried out is not known"):
        api(lose).call("create it", "POST", "/database")
    with pytest.raises(Unreachable, match=r"\(reset\)\.$"):
        api(lose).call("read it", "GET", "/database")


def test_the_providers_sentence_is_kept_whatever_form_it_has() -> None:
    assert "quota is used up (402)" in refusal(httpx.Response(402, json={"error": "quota is used up."})).message
    assert "upstream\tgone" not in refusal(httpx.Response(502, text="upstream\tgone\n")).message
    assert "upstream gone (502)" in refusal(httpx.Response(502, text="upstream\tgone\n")).message
    page = httpx.Response(522, text="<title>Connection\n timed out</title><p>x", headers=PAGE)
    assert "Connection timed out (522)" in refusal(page).message


@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_a_web_page_says_nothing_about_the_token_or_the_name(status: int) -> None:
    error = refusal(httpx.Response(status, text="<title>Just a moment...</title>", headers=PAGE))
    assert type(error) is UnexpectedResponse
    assert "in front of the API" in error.hint


def test_the_first_row_of_the_table_that_fits_counts() -> None:
    often = httpx.Response(403, json={"error": "You ask too often"}, headers={"x-sso": "https://sso"})
    sso = httpx.Response(403, json={"error": "no"}, headers={"x-sso": "https://sso"})
    assert [
        (type(error), error.hint, error.entry) for error in (refusal(often, table=TABLE), refusal(sso, table=TABLE))
    ] == [
        (RateLimited, "Wait.", "rate-limited"),
        (PermissionDenied, "Open https://sso.", "ci-repository"),
    ]


def test_without_a_row_the_status_counts() -> None:
    answers = {401: Unauthorized, 403: PermissionDenied, 404: NotFound, 418: UnexpectedResponse}
    assert {
        status: type(refusal(httpx.Response(status, json={"error": "no"}), table=TABLE)) for status in answers
    } == answers


def moved(request: httpx.Request, to: str, status: int) -> httpx.Response:
    if request.url.path == "/v1/database":
        return httpx.Response(status, headers={"location": to}, json={"error": "Moved"})
    return httpx.Response(200, json={"database": {"name": request.method + request.url.host}})


@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("GET", 302), ("PUT", 307), ("POST", 308)])
def test_a_resource_that_moved_is_followed(method: str, status: int) -> None:
    client = api(lambda request: moved(request, "/v1/elsewhere", status))
    assert client.read(Envelope, "read it", method, "/database").database.name == f"{method}api.example.com"


@pytest.mark.parametrize(
    ("method", "to", "status"), [("GET", "https://evil.example.com/v1/x", 301), ("POST", "/v1/elsewhere", 301)]
)
def test_no_request_goes_to_another_host_or_becomes_another(method: str, to: str, status: int) -> None:
    with pytest.raises(UnexpectedResponse, match="Moved"):
        api(lambda request: moved(request, to, status)).call("write it", method, "/database")


def test_a_circle_of_addresses_ends() -> None:
    client = api(lambda request: httpx.Response(302, headers={"location": str(request.url)}, json={"error": "Moved"}))
    with pytest.raises(UnexpectedResponse):
        client.call("read it", "GET", "/database")
