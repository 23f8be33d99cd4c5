"""``deploybook prove pairs``: two scenarios at once. Doctor names both, or one and, once that is fixed, the other; and nothing else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.e2e import machine
from tests.e2e.benches import AT_THE_COMMAND, JOB_SECONDS, Bench, NotMade, kept_bench
from tests.sandboxes import ROOT

from deploybook.guide.entries import PAGE, Entry, read_entries
from deploybook.proving.scenarios import Proof, Scenario

SEED = 20
# For the examinations in which something is broken still, most likely.
PAIR_JOB_SECONDS = 20


@dataclass
class PairProof:
    """What came of one pair. ``named``: what each examination named; the first of it was mended before the next one."""

    pair: tuple[str, str]
    named: list[list[str]] = field(default_factory=list)
    still: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Every examination named some of what was still to be mended and nothing else, until nothing failed."""
        unfixed = set(self.pair)
        for named in self.named:
            if not set(named) <= unfixed:
                return False
            unfixed -= set(named[:1])
        return len(self.named) > 1 and not self.named[-1] and not self.still

    @property
    def way(self) -> str:
        """How they were named. The fix of one can mend the other before that is named: one deploy takes up what both need."""
        if not self.holds:
            return "NO"
        all_named = {name for named in self.named for name in named}
        if all_named != set(self.pair):
            return "gone with the other's fix"
        return "both at once" if set(self.named[0]) == set(self.pair) else "one, then the other"

    def row(self) -> str:
        """The pair's line of the table."""
        diagnoses = " → ".join(", ".join(named) or "nothing" for named in self.named)
        still = f" | still: {'; '.join(self.still)}" if self.still else ""
        return f"{' + '.join(self.pair)} | {diagnoses} | {self.way} | {self.seconds:.0f} s{still}"


def candidates(entries: dict[str, Entry]) -> list[str]:
    """The entries that can occur in pairs: those with a state of the world."""
    return [entry.id for entry in entries.values() if not entry.marks & {AT_THE_COMMAND, "unproved"}]


def every_pair(names: Sequence[str]) -> list[tuple[str, str]]:
    """Every pair, in rounds: in each round every name has one partner, and another one in each (the circle method).

    So a shard is a sample in which each name is as often as the others.
    """
    first, *others = [*_shuffled(names), *([""] if len(names) % 2 else [])]
    pairs = []
    for turn in range(len(others)):
        circle = [first, *others[turn:], *others[:turn]]
        half = len(circle) // 2
        together = zip(circle[:half], reversed(circle[half:]), strict=True)
        pairs += [(min(pair), max(pair)) for pair in together if "" not in pair]
    return pairs


def _shuffled(names: Sequence[str]) -> list[str]:
    return random.Random(SEED).sample(names, len(names))  # noqa: S311 - an order, no secret


def prove_pair(bench: Bench, pair: tuple[str, str]) -> PairProof:
    """Make both on a healthy bench, then mend what is named first, and look again, until nothing is named."""
    proof, began = PairProof(pair), time.monotonic()
    _make(bench, *pair)
    # One examination more than there are scenarios: nothing is named in the last.
    for number in range(len(pair) + 1):
        examination = bench.examine(JOB_SECONDS if number == len(pair) else PAIR_JOB_SECONDS)
        causes = bench.causes(examination)
        proof.named.append([cause.entry.id for cause in causes])
        proof.still = [
            f"{observation.section}: {observation} {observation.hint}"
            for observation in examination.observations
            if observation.failed
        ]
        if not causes:
            break
        try:
            bench.mend(causes[0].entry)
        except NotMade as refused:
            # Named, and there is nothing of it to be mended.
            proof.still.append(str(refused))
            break
    mended = {named[0] for named in proof.named if named}
    for own in (machine.scenarios().get(entry) for entry in pair if entry not in mended):
        if own and proof.holds:
            own.tidy(bench)
    proof.seconds = time.monotonic() - began
    return proof


def _make(bench: Bench, one: str, other: str) -> None:
    """Make both, in the order in which that can be: a worker that is suspended, for one, is not deployed any more."""
    bench.make(one)
    try:
        bench.make(other)
    except NotMade:
        bench.mend(bench.entries[one])
        bench.make(other)
        bench.make(one)


class Pairs:
    """The pairs, such as ``cors + drift``."""

    def scenarios(self) -> list[Scenario]:
        """One for each pair."""
        return [Scenario(" + ".join(pair)) for pair in every_pair(candidates(read_entries(ROOT / PAGE)))]

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        """A healthy stack, which is brought back before each proof."""
        with kept_bench() as anew:

            def prove(name: str) -> Proof:
                one, other = name.split(" + ")
                proof = prove_pair(anew(), (one, other))
                return Proof(proof.holds, proof.row(), {"way": proof.way, "named": proof.named})

            yield prove
