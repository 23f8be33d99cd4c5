"""A sample of the troubleshooting entries is proved, and what is wrong in an entry is noticed. All: ``deploybook prove entries``."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from tests.conftest import ROOT
from tests.e2e.benches import Bench
from tests.e2e.pairs import prove_pair
from tests.e2e.proving import prove, prove_states

from deploybook.guide.entries import PAGE, read_entries

pytestmark = pytest.mark.xdist_group("entries")

# So many of the entries, drawn with this seed: their names stand in the tests' own.
NUMBER, SEED = 2, 20
PAIR = ("ci-secrets", "r2-account-or-plan")
PROVABLE = sorted(each.id for each in read_entries(ROOT / PAGE).values() if "unproved" not in each.marks)
SAMPLE = random.Random(SEED).sample(PROVABLE, NUMBER)  # noqa: S311 - a sample, no secret


@pytest.mark.parametrize("entry", SAMPLE)
def test_an_entry_is_seen_as_written_named_alone_and_fixed_as_written(bench: Bench, entry: str) -> None:
    for proof in prove_states(bench, bench.entries[entry]):
        assert proof.holds, f"{proof.row()}\nnot seen: {proof.unseen}\n{proof.output}"


def test_a_message_that_is_not_seen_and_a_fix_of_another_section_are_noticed(bench: Bench) -> None:
    entry = bench.entries["ci-secrets"]
    symptom = entry.parts["You see"].replace("it does not exist", "it is gone")
    wrong = replace(entry, parts=entry.parts | {"You see": symptom})
    proof = prove(bench, wrong, ["deploybook run render --mode apply -p git_repository <GIT_REPOSITORY>"])
    bench.mend(entry)
    assert proof.named == ["ci-secrets"]
    assert len(proof.seen) == 1
    assert len(proof.unseen) == 1
    assert proof.holds is False
    assert proof.still
    assert all(each.startswith("ci_cd: ") for each in proof.still), proof.still


def test_two_scenarios_are_named_one_after_the_other_and_fixed(bench: Bench) -> None:
    """One pair of those of ``deploybook prove pairs``."""
    proof = prove_pair(bench, PAIR)
    assert proof.holds, proof.row()
