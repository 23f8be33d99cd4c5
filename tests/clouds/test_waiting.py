"""Waiting ends when it should: at an end, at a state that nobody knows, or when the time is over."""

from __future__ import annotations

import pytest

from deploybook import http
from deploybook.clouds.waiting import Stage, States, wait_until

STATES = States(going_on=frozenset({"queued", "building"}), good=frozenset({"live"}), bad=frozenset({"failed"}))


@pytest.mark.parametrize(
    ("state", "stage"),
    [
        ("queued", Stage.GOING_ON),
        ("live", Stage.GOOD_END),
        ("failed", Stage.BAD_END),
        ("hibernating", Stage.UNKNOWN),
    ],
)
def test_each_state_is_in_one_stage_and_an_unknown_one_is_not_waited_for(state: str, stage: Stage) -> None:
    assert STATES.stage(state) == stage
    assert STATES.has_ended(state) == (stage is not Stage.GOING_ON)


def test_the_state_that_ends_the_wait_is_what_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploybook.clouds.waiting.FIRST_PAUSE", 0)
    states = iter(["queued", "building", "live", "never read"])
    assert wait_until(STATES.has_ended, lambda: next(states), 5) == "live"
    assert next(states) == "never read"


def test_when_the_time_is_over_the_last_state_comes_back() -> None:
    assert wait_until(STATES.has_ended, lambda: "queued", 0) == "queued"


def test_whoever_watches_is_told_what_is_waited_for_and_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    states = iter(["queued", "live", "queued", "live"])
    http.say_waits_to(heard.append)
    try:
        # At once, so that the test need not wait.
        monkeypatch.setattr("deploybook.clouds.waiting.SAID_AFTER", 0.0)
        monkeypatch.setattr("deploybook.clouds.waiting.FIRST_PAUSE", 0)
        wait_until(STATES.has_ended, lambda: next(states), 5, subject="the deploy")
        wait_until(STATES.has_ended, lambda: next(states), 5)
    finally:
        http.say_waits_to(str)
    assert heard == ["waiting for the deploy: 0 s of at most 5"]


def test_an_error_of_the_reader_ends_the_wait() -> None:
    def fail() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        wait_until(STATES.has_ended, fail, 5)
