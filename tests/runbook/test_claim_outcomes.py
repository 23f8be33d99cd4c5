"""What is said of a claim: it holds, fails, is not tested, was left out, or comes later. Each counts apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import ROOT

from deploybook.contract.model import load_contract
from deploybook.errors import NotTested, Unreachable, VerificationFailed
from deploybook.runbook.claims import Claims
from deploybook.runbook.events import Event
from deploybook.runbook.modes import Mode

CONTRACT = load_contract(ROOT / "runbooks" / "contract.toml")


class Bench:
    """The claims of one section, and what they said."""

    def __init__(self, slug: str = "vercel") -> None:
        self.events: list[Event] = []
        self.claims = Claims(slug, Mode.VERIFY, CONTRACT, self.events.append, lambda: float("-inf"))

    def say(self, test: Callable[..., str | None], when: object = True, needs: str = "") -> tuple[str, str]:
        """The outcome and the detail of one claim."""
        self.claims.hold("it is so", test, when=when, needs=needs)
        return self.events[-1].outcome, self.events[-1].detail


def failing(error: Exception) -> Callable[..., Any]:
    def test() -> None:
        raise error

    return test


def met(obstacle: str) -> VerificationFailed:
    error = VerificationFailed("The firewall answers.", "", "vercel-firewall")
    error.obstacle = obstacle
    return error


def test_a_claim_that_could_not_be_tested_neither_holds_nor_fails() -> None:
    bench = Bench()
    line = bench.say(failing(NotTested("the right key is not accepted either.")))
    assert line == ("not tested", "because the right key is not accepted either")
    assert bench.claims.failed == {}


def test_what_stands_in_the_way_is_one_finding_and_nothing_is_said_of_what_lies_behind() -> None:
    bench = Bench()
    outcomes = [bench.say(failing(met("https://app edge")))[0] for _ in range(3)]
    assert outcomes == ["failed", "not tested", "not tested"]
    assert bench.say(failing(met("https://other edge")))[0] == "failed"
    assert bench.events[1].detail == "because The firewall answers"
    assert bench.events[1].entry == ""


def test_a_host_that_cannot_be_reached_is_one_finding_too() -> None:
    bench = Bench()
    error = Unreachable("Vercel", "open the page", "app cannot be reached.")
    error.obstacle = "app cannot be reached"
    assert [bench.say(failing(error))[0] for _ in range(2)] == ["failed", "not tested"]


def test_faults_of_different_claims_are_each_a_finding() -> None:
    bench = Bench()
    assert [bench.say(failing(VerificationFailed("no")))[0] for _ in range(2)] == ["failed", "failed"]


@pytest.mark.parametrize(
    ("slug", "needs", "line"),
    [
        ("vercel", "NEXT_PUBLIC_APP_URL", ("not tested", "because NEXT_PUBLIC_APP_URL is not known")),
        ("render", "NEXT_PUBLIC_APP_URL", ("not tested", "because NEXT_PUBLIC_APP_URL is not known")),
        ("r2", "NEXT_PUBLIC_APP_URL", ("later", "needs NEXT_PUBLIC_APP_URL, which vercel records")),
        ("render", "", ("later", "once the step above is done")),
        ("end_to_end", "render", ("left out", "-p render true tests it")),
        ("end_to_end", "RENDER_API_KEY", ("left out", "RENDER_API_KEY is not set")),
    ],
)
def test_a_claim_that_lacks_something_says_whether_it_comes_was_left_out_or_is_wanting(
    monkeypatch: pytest.MonkeyPatch, slug: str, needs: str, line: tuple[str, str]
) -> None:
    monkeypatch.delenv("RENDER_API_KEY", raising=False)
    assert Bench(slug).say(lambda: "", when="", needs=needs) == line


def test_a_credential_that_is_set_was_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENDER_API_KEY", "x")
    assert Bench("ci_cd").say(lambda: "", when=None, needs="RENDER_API_KEY")[0] == "not tested"
