"""When a pair of scenarios counts as proved; the pairs themselves: ``deploybook prove pairs``."""

from __future__ import annotations

import math

import pytest
from tests.conftest import ROOT
from tests.e2e.pairs import PairProof, Pairs, candidates, every_pair

from deploybook.guide.entries import PAGE, read_entries

PAIR = ("cors", "playback")


@pytest.mark.parametrize(
    ("named", "way"),
    [
        ([["cors", "playback"], ["playback"], []], "both at once"),
        ([["cors"], ["playback"], []], "one, then the other"),
        ([["playback"], ["cors"], []], "one, then the other"),
        ([["cors"], []], "gone with the other's fix"),
        ([["cors", "drift"], ["playback"], []], "NO"),
        ([["cors"], ["cors"], ["playback"]], "NO"),
        ([["cors"], ["cors", "playback"], ["playback"], []], "NO"),
        ([["cors"], ["playback"], ["playback"]], "NO"),
        ([[]], "NO"),
        ([], "NO"),
    ],
)
def test_each_diagnosis_names_what_still_needs_a_fix_and_nothing_else(named: list[list[str]], way: str) -> None:
    proof = PairProof(PAIR, named)
    assert proof.way == way
    assert proof.holds == (way != "NO")


def test_what_fails_in_the_end_without_a_cause_does_not_hold() -> None:
    assert not PairProof(PAIR, [["cors"], ["playback"], []], ["end_to_end: the page opens"]).holds


@pytest.mark.parametrize("number", [2, 5, 8])
def test_every_pair_is_there_once_and_a_round_has_each_name_once(number: int) -> None:
    names = [f"entry-{one}" for one in range(number)]
    pairs = every_pair(names)
    assert len(set(pairs)) == len(pairs) == math.comb(number, 2)
    first_round = [name for pair in pairs[: number // 2] for name in pair]
    assert len(set(first_round)) == number // 2 * 2


def test_the_scenarios_are_the_pairs_of_the_entries_that_have_a_state_of_the_world() -> None:
    names = candidates(read_entries(ROOT / PAGE))
    assert len(Pairs().scenarios()) == math.comb(len(names), 2)
