"""When a pair of scenarios counts as proved; the pairs themselves: ``python -m tests.e2e.prove_entries --pairs NUMBER``."""

from __future__ import annotations

import pytest
from tests.conftest import ROOT
from tests.e2e.pairs import PairProof, candidates, drawn

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


def test_a_sample_of_half_as_many_pairs_as_entries_has_each_entry_once() -> None:
    names = candidates(read_entries(ROOT / PAGE))
    sample = drawn(names, len(names) // 2)
    drawn_names = [name for pair in sample for name in pair]
    assert len(set(drawn_names)) == len(drawn_names) == len(names) // 2 * 2
    assert drawn(names, len(names)) == drawn(names, len(names))
    assert len(set(drawn(names[:4], 99))) == 6
