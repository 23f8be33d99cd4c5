"""``deploybook prove entries``: each troubleshooting entry, by every scenario that it explains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.e2e.benches import kept_bench
from tests.e2e.proving import prove_states
from tests.sandboxes import ROOT

from deploybook.guide.entries import PAGE, read_entries
from deploybook.proving.scenarios import Proof, Scenario


class Entries:
    """The entries by their names. ``data`` has the lines in which the messages were seen, for ``tests/site/seen_lines.py``."""

    def scenarios(self) -> list[Scenario]:
        """One for each entry."""
        return [Scenario(name) for name in read_entries(ROOT / PAGE)]

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        """A healthy stack, which is brought back before each proof."""
        with kept_bench() as anew:

            def prove(name: str) -> Proof:
                healthy = anew()
                proofs = prove_states(healthy, healthy.entries[name], anew=anew)
                failed = [proof for proof in proofs if not proof.holds]
                detail = "; ".join(proof.row() for proof in failed or proofs)
                data = {
                    "seen": {message: line for proof in proofs for message, line in proof.seen.items()},
                    "unseen": [message for proof in failed for message in proof.unseen],
                    "output": [proof.output for proof in failed],
                }
                return Proof(not failed, detail, data)

            yield prove
