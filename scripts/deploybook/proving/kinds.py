"""The kinds of proofs: where each one's source is in a checkout of deploybook, and what it proves."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from deploybook.errors import InvalidValue


class Kind(NamedTuple):
    """``source`` is ``module:name``; ``proves`` continues *each scenario: …*."""

    source: str
    proves: str


KINDS = {
    "entries": Kind(
        "tests.e2e.entries:Entries",
        "the trouble of a troubleshooting entry is made, seen as written, diagnosed as that entry alone, and fixed as written",
    ),
    "pairs": Kind("tests.e2e.pairs:Pairs", "two troubles at once are named, one after the other or both, and fixed"),
    "wires": Kind(
        "tests.e2e.wires:Wires",
        "a variable is taken away from its consumer, or wrong there, and the end-to-end check or the comparison names it",
    ),
    "crashes": Kind(
        "tests.e2e.crashes:Crashes",
        "a run is killed at one of its writing requests, is run again, and all is as if it had not been",
    ),
    "faults": Kind(
        "tests.e2e.faults:Faults",
        "a provider answers one request wrongly, or not at all: the run passes or says so in one sentence, and the next one converges",
    ),
    "operators": Kind(
        "tests.e2e.operators:Operators",
        "two clones apply at once: nobody is cut off, nothing exists twice, and both are at rest",
    ),
    "applications": Kind(
        "tests.e2e.applications:Applications",
        "a small application is built and run in the sandbox, or the section whose part is broken fails and names it",
    ),
    "mutations": Kind("tests.mutants:Mutations", "a promise of the code is broken, and its test fails"),
}


def require_checkout(root: Path) -> None:
    """Raise InvalidValue where the sources of the proofs are not."""
    if not (root / "tests" / "e2e").is_dir():
        raise InvalidValue(
            "This is not a checkout of deploybook itself: only there can scenarios be proved.",
            "Clone the repository of deploybook, run make install there, and prove there.",
        )
