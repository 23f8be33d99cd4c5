"""Cloudflare's answers as they are: lists of more than one page, null for a list, and what an answer cannot do without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from deploybook.clouds.api import Api
from deploybook.clouds.r2.client import REFUSALS, Cloudflare, _explain
from deploybook.errors import UnexpectedResponse


def client(answer: Callable[[httpx.Request], Any]) -> Cloudflare:
    """A client whose requests are answered in Cloudflare's envelope, with what ``answer`` gives as the fields beside ``success``."""

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
