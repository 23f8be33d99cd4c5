"""The proof of a troubleshooting entry: make the scenario, see it as written, be led to the entry, mend it as written, see it mended."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.e2e.benches import AT_THE_COMMAND, BROKEN_JOB_SECONDS, Bench

from deploybook.guide.entries import Entry, pattern


@dataclass
class Proof:
    """What came of one entry. ``seconds`` of each examination: of the broken stack, and of the mended one.

    ``seen``: each message of the entry that was seen, with the whole line in which it stood.
    """

    entry: str
    state: str = ""
    seen: dict[str, str] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    still: list[str] = field(default_factory=list)
    broken_seconds: float = 0.0
    mended_seconds: float = 0.0
    output: str = ""

    @property
    def holds(self) -> bool:
        """Seen as written, diagnosed as this entry and no other, and mended by the fix as written."""
        diagnosed = self.named == [self.entry] or self.named == [AT_THE_COMMAND]
        return bool(self.seen) and not self.unseen and diagnosed and not self.still

    def row(self) -> str:
        """The proof's line of the table."""
        false = [name for name in self.named if name not in {self.entry, AT_THE_COMMAND}]
        diagnosed = "at the command" if self.named == [AT_THE_COMMAND] else _yes(self.named[:1] == [self.entry])
        messages = f"{len(self.seen)}/{len(self.seen) + len(self.unseen)}"
        mended = f"no: {'; '.join(self.still)}" if self.still else "yes"
        return f"{self.state or self.entry} | {messages} | {diagnosed} | {', '.join(false) or 'none'} | {mended}"


def prove(bench: Bench, entry: Entry, commands: Sequence[str] | None = None, scenario: str = "") -> Proof:
    """Prove one entry on a healthy bench, by its own scenario or by another one that it explains.

    ``commands`` instead of its own show that a wrong fix is noticed.
    """
    proof = Proof(entry.id, scenario or entry.id)
    bench.make(entry.id, scenario)
    checked = bench.type("\n".join(entry.checks)) if entry.checks else ""
    if AT_THE_COMMAND in entry.marks:
        linked = set(re.findall(r"troubleshooting\.md#([a-z0-9-]+)", checked))
        proof.named = [AT_THE_COMMAND] if linked == {entry.id} else sorted(linked)
        proof.output = checked
    else:
        broken = bench.examine(BROKEN_JOB_SECONDS)
        proof.broken_seconds = broken.seconds
        proof.named = [cause.entry.id for cause in bench.causes(broken)]
        proof.output = checked + "\n".join(
            f"{observation} {observation.hint}" for observation in broken.observations if observation.failed
        )
    for message in entry.messages:
        line = next((line for line in proof.output.splitlines() if appears(message, line)), None)
        if line is None:
            proof.unseen.append(message)
        else:
            proof.seen[message] = line.strip().replace(str(bench.guide.root), "~/guide")
    proof.output += bench.mend(entry, commands, scenario)
    mended = bench.examine()
    proof.mended_seconds = mended.seconds
    proof.still = [
        f"{observation.section}: {observation} {observation.hint}"
        for observation in mended.observations
        if observation.failed or observation.outcome == "not tested"
    ]
    if bench.fix_code:
        proof.still.append(f"the fix's commands ended with {bench.fix_code}")
    return proof


def prove_states(bench: Bench, entry: Entry, anew: Callable[[], Bench] | None = None) -> list[Proof]:
    """Prove an entry by each scenario that it explains. A message need not be seen in more than one of them.

    ``anew`` gives a healthy bench for each scenario but the first; without it one serves all of them.
    """
    proofs: list[Proof] = []
    for state in bench.states(entry.id):
        healthy = anew() if anew and proofs else bench
        proofs.append(prove(healthy, entry, scenario=state))
    messages = {message for proof in proofs for message in proof.seen}
    for proof in proofs:
        proof.unseen = [message for message in proof.unseen if message not in messages]
    return proofs


def appears(message: str, text: str) -> bool:
    """Whether a message stands in the text; its ``…`` is any text of one line."""
    return pattern(message).search(re.sub(r"[ \t]+", " ", text)) is not None


def _yes(fact: bool) -> str:
    return "yes" if fact else "NO"
