"""Waiting for something at a provider: read again, with growing pauses, until it has ended or the time is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

import tenacity

from deploybook import http

Read = TypeVar("Read")

# Seconds between two reads. The first are short: what ends at once, as in a sandbox, is not waited for.
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.2, 5.0, 1.5
# What ends sooner, in seconds, is not worth a word.
SAID_AFTER = 3.0


class Stage(Enum):
    """What a state means for whoever waits."""

    GOING_ON = "going on"
    GOOD_END = "good end"
    BAD_END = "bad end"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class States:
    """A provider's enum of states, each in one of three sets. A state in none of them is unknown: nobody waits for it to pass."""

    going_on: frozenset[str]
    good: frozenset[str]
    bad: frozenset[str]

    def stage(self, state: str) -> Stage:
        """Which of the sets a state is in."""
        sets = ((Stage.GOING_ON, self.going_on), (Stage.GOOD_END, self.good), (Stage.BAD_END, self.bad))
        return next((stage for stage, names in sets if state in names), Stage.UNKNOWN)

    def has_ended(self, state: str) -> bool:
        """Whether waiting is over: at either end, and at an unknown state."""
        return self.stage(state) is not Stage.GOING_ON


def wait_until(
    has_ended: Callable[[Read], bool],
    read: Callable[[], Read],
    seconds: float,
    *,
    longest_pause: float = LONGEST_PAUSE,
    subject: str = "",
) -> Read:
    """Call ``read`` until ``has_ended`` accepts its result, at most for ``seconds``; returns the last result, ended or not.

    With a ``subject``, the operator sees how long the wait has taken.
    """

    def say(state: tenacity.RetryCallState) -> None:
        if subject and (passed := state.seconds_since_start or 0.0) >= SAID_AFTER:
            http.say_wait(f"waiting for {subject}: {passed:.0f} s of at most {seconds:.0f}")

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda value: not has_ended(value)),
        wait=tenacity.wait_exponential(multiplier=FIRST_PAUSE, exp_base=GROWTH, max=longest_pause),
        stop=tenacity.stop_after_delay(seconds),
        before_sleep=say,
        retry_error_callback=_last,
    )
    return retrying(read)


def _last(state: tenacity.RetryCallState) -> object:
    assert state.outcome is not None
    return state.outcome.result()
