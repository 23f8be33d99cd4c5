"""The page and the API of the deployed app, as anybody sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.clouds.answering import Said, answering

from deploybook import http
from deploybook.clouds import vercel
from deploybook.clouds.edges import EdgeAnswered
from deploybook.errors import NotTested, VerificationFailed

JSON = {"content-type": "application/json"}


def test_a_page_with_an_api_behind_it_is_both() -> None:
    with answering(lambda _, path, __: Said(400, '{"error": "key"}', JSON) if "/api/" in path else Said()) as url:
        assert vercel.page_answers(url) == "200"
        assert vercel.api_answers(url) == "400 for a key that is none of its own"


def test_a_page_without_a_working_api_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploybook.clouds.vercel.checks.RETRY_SECONDS", 0)
    failed = Said(500, "", {"x-vercel-error": "FUNCTION_INVOCATION_FAILED"})
    with answering(lambda _, path, __: failed if "/api/" in path else Said()) as url:
        assert vercel.page_answers(url) == "200"
        with pytest.raises(VerificationFailed, match="500 FUNCTION_INVOCATION_FAILED") as caught:
            vercel.api_answers(url)
    assert caught.value.entry == "app-errors"


def test_a_page_of_another_app_says_nothing_of_the_api() -> None:
    with (
        answering(lambda *_: Said(404, "not found", {"content-type": "text/html"})) as url,
        pytest.raises(NotTested, match=r"does not serve .* API: 404"),
    ):
        vercel.api_answers(url)


@pytest.mark.parametrize("check", [vercel.page_answers, vercel.api_answers])
def test_a_firewall_is_named_and_the_app_is_not(check: Callable[[str], str]) -> None:
    challenge = Said(403, "", {"x-vercel-mitigated": "challenge"})
    with http.patience(0), answering(lambda *_: challenge) as url, pytest.raises(EdgeAnswered, match="firewall"):
        check(url)
