"""Cloudflare's answers as they are: lists of more than one page, null for a list, and what an answer cannot do without."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from tests.clouds.answering import Said, answering

from deploybook.clouds.api import Api
from deploybook.clouds.r2.client import REFUSALS, Cloudflare, _explain
from deploybook.clouds.r2.objects import Store, browser
from deploybook.clouds.r2.token import BucketToken
from deploybook.errors import UnexpectedResponse


def client(answer: Callable[[httpx.Request], Any]) -> Cloudflare:
    """A client that gets answers in Cloudflare's envelope: ``answer`` returns the fields beside ``success``."""

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"success": True, "errors": [], "messages": [], **answer(request)})

    transport = httpx.Client(base_url="https://api.cloudflare.com/client/v4", transport=httpx.MockTransport(respond))
    return Cloudflare(
        Api("Cloudflare", transport, _explain, "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_URL", REFUSALS), "a"
    )


def test_a_token_beyond_the_first_page_is_seen_whatever_the_total_says() -> None:
    def page(request: httpx.Request) -> dict[str, Any]:
        first = (int(request.url.params["page"]) - 1) * 50
        tokens = [{"id": str(number)} for number in range(120)[first : first + 50]]
        return {"result": tokens, "result_info": {"per_page": 50, "total_count": 2}}

    assert [token.id for token in client(page).tokens()] == [str(number) for number in range(120)]


def test_a_list_that_never_ends_is_an_error() -> None:
    full = [{"id": str(number)} for number in range(50)]
    with pytest.raises(UnexpectedResponse, match="could not list the tokens: its list does not end"):
        list(client(lambda _: {"result": full, "result_info": {"per_page": 50, "total_count": 2000}}).tokens())


def test_null_for_a_list_is_an_empty_one() -> None:
    assert list(client(lambda _: {"result": None}).tokens()) == []


def test_a_token_whose_status_nobody_knows_is_named_and_left_as_it_is() -> None:
    requests: list[str] = []

    def answer(request: httpx.Request) -> dict[str, Any]:
        requests.append(request.method)
        return {"result": [{"id": "t1", "name": "studio", "status": "quarantined"}]}

    clouds: Any = SimpleNamespace(cloudflare=client(answer))
    with pytest.raises(UnexpectedResponse, match="the token studio that it is quarantined"):
        BucketToken("studio", "studio-assets", stored={}).read(clouds)
    assert requests == ["GET"]


def test_an_answer_that_denies_its_success_is_a_refusal() -> None:
    with pytest.raises(UnexpectedResponse, match=r"could not roll the token: Nope \(code 7\)"):
        client(lambda _: {"success": False, "errors": [{"code": 7, "message": "Nope"}]}).roll_token("t")


@pytest.mark.parametrize(
    ("ask", "result", "field"),
    [
        (lambda cloudflare: cloudflare.verify_token(), {"id": "t"}, "result.status"),
        (lambda cloudflare: cloudflare.verify_token(), {"status": "active"}, "result.id"),
        (lambda cloudflare: cloudflare.create_token("t", []), {"id": "t"}, "result.value"),
        (lambda cloudflare: cloudflare.create_token("t", []), {"value": "v"}, "result.id"),
        (lambda cloudflare: cloudflare.create_bucket("b", ""), {"location": "weur"}, "result.name"),
        (lambda cloudflare: list(cloudflare.tokens()), [{"name": "t"}], r"result\.0\.id"),
        (lambda cloudflare: cloudflare.cors_rules("b"), {"rules": [{"id": "r"}]}, r"result\.rules\.0\.allowed"),
        (lambda cloudflare: cloudflare.roll_token("t"), None, "result"),
    ],
)
def test_what_an_answer_cannot_do_without_is_named(
    ask: Callable[[Cloudflare], object], result: Any, field: str
) -> None:
    with pytest.raises(UnexpectedResponse, match=f"has no (field )?{field}"):
        ask(client(lambda _: {"result": result}))


@pytest.mark.parametrize("value", [{"id": "", "value": "v"}, {"id": "t", "value": ""}])
def test_an_empty_id_or_secret_is_none(value: dict[str, str]) -> None:
    with pytest.raises(UnexpectedResponse, match="has carried out the request to create the token"):
        client(lambda _: {"result": value}).create_token("t", [])


PAGE = Said(522, "<!DOCTYPE html><title>522: Connection timed out</title>", {"content-type": "text/html"})
EMPTY = Said(200, "<ListBucketResult></ListBucketResult>")


def listed(answers: list[Said]) -> object:
    """What a store makes of answers that come one after the other."""
    with answering(lambda *_: answers.pop(0)) as url, closing(Store(url, "k", SecretStr("s"), "studio")) as store:
        return store.call("list_objects_v2")


@pytest.fixture
def instantly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sleeps does not."""
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_a_page_of_the_cdn_is_asked_again(instantly: None) -> None:
    assert listed([PAGE, PAGE, EMPTY])


def test_a_page_of_the_cdn_that_stays_is_no_trouble_of_the_key_or_the_bucket(instantly: None) -> None:
    answers = [PAGE] * 9
    with pytest.raises(UnexpectedResponse, match=r"could not list_objects_v2: no reason given \(522\)") as caught:
        listed(answers)
    assert caught.value.entry == "unexpected-response"
    assert len(answers) == 5, "four attempts"


def test_a_firewalls_page_is_no_refusal_of_the_key() -> None:
    page = Said(403, "<html><title>Blocked</title></html>", {"content-type": "text/html"})
    with pytest.raises(UnexpectedResponse) as caught:
        listed([page])
    assert caught.value.entry == "unexpected-response"
    assert caught.value.code == ""
    assert "in front of the API" in caught.value.hint


def test_an_answer_that_is_not_as_described_is_one_error() -> None:
    body = "<ListBucketResult><Contents><Size>many</Size></Contents></ListBucketResult>"
    with pytest.raises(
        UnexpectedResponse, match="could not list_objects_v2: its answer does not match its description"
    ):
        listed([Said(200, body)])


@pytest.mark.parametrize("operation", ["put_object", "delete_object", "list_objects_v2"])
def test_a_page_with_the_status_of_success_is_no_success(operation: str) -> None:
    page = Said(200, "<!DOCTYPE html><title>Welcome</title>", {"content-type": "text/html"})
    names = {} if operation == "list_objects_v2" else {"Key": "voice.wav"}
    with (
        answering(lambda *_: page) as url,
        closing(Store(url, "k", SecretStr("s"), "studio")) as store,
        pytest.raises(UnexpectedResponse, match="could not") as caught,
    ):
        store.call(operation, **names)
    assert caught.value.entry == "unexpected-response"


def test_a_page_in_place_of_a_preflight_says_nothing_of_the_cors_rules() -> None:
    page = Said(200, "<!DOCTYPE html><title>Welcome</title>", {"content-type": "text/html"})
    with answering(lambda *_: page) as url, pytest.raises(UnexpectedResponse, match="a web page answered"):
        browser(url, "OPTIONS")
