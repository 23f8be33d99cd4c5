"""``python -m tests.checks.judge [--missed] [FILE…]``: how many of the false edits that judges have written ``deploybook check`` finds.

A judge has read neither the rules nor the generator of mutations. ``judges/`` has an edit for each fact that a careful writer could get
wrong: every name in it is valid, and what is said is false. A rule is written for a kind, never for one of these.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.checks.mutate import Copy, copied
from tests.checks.mutations.mutation import Mutation
from tests.checks.own_package import rules_of

from deploybook.checks.rules.review import REVIEWED

JUDGES = Path(__file__).parent / "judges"
# It holds a sentence word for word, and knows nothing of what it says: whoever writes the same into the register passes.
WORD_FOR_WORD = "evidence-said"


@dataclass(frozen=True)
class Edit:
    """``before`` stands once in the file at ``path``; with ``after`` in its place something is false, and ``why`` says what."""

    judge: str
    kind: str
    path: str
    before: str
    after: str
    why: str

    def mutation(self, root: Path) -> Mutation | None:
        """The edit in a tree; None where the text is not there any more, or not once."""
        text = (root / self.path).read_text(encoding="utf-8") if (root / self.path).is_file() else ""
        if text.count(self.before) != 1:
            return None
        start = text.index(self.before)
        return Mutation(self.kind, self.path, start, start + len(self.before), self.after)


def edits(files: Sequence[Path]) -> Iterator[Edit]:
    """All edits of these files."""
    for file in files:
        for edit in tomllib.loads(file.read_text(encoding="utf-8"))["edit"]:
            yield Edit(file.stem, **edit)


def judged(copy: Copy, edit: Edit) -> tuple[list[str], bool] | None:
    """The rules that find an edit, and whether a person is asked to read it; None if the tree has its text no more."""
    mutation = edit.mutation(copy.root)
    if mutation is None:
        return None
    if edit.path.startswith("scripts/"):
        return sorted(_with_its_own_package(copy, mutation)), False
    return copy.tried(mutation).rules, bool(copy.tried(mutation, (REVIEWED,)).findings)


def _with_its_own_package(copy: Copy, mutation: Mutation) -> set[str]:
    """The rules that find a change of the package, when the changed package runs them."""
    path = copy.root / mutation.path
    text = path.read_text(encoding="utf-8")
    path.write_text(mutation.applied(text), encoding="utf-8")
    try:
        return rules_of(copy.root)
    finally:
        path.write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of each kind; with ``--missed`` each edit that nothing finds, too."""
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*", type=Path, default=sorted(JUDGES.glob("*.toml")))
    parser.add_argument("--missed", action="store_true")
    options = parser.parse_args(arguments)
    tried, by_rules, by_what, caught = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    stale = 0
    with copied() as copy:
        for edit in edits(options.files):
            outcome = judged(copy, edit)
            if outcome is None:
                stale += 1
                continue
            rules, read = outcome
            tried[edit.kind] += 1
            by_rules[edit.kind] += bool(rules)
            by_what[edit.kind] += bool(set(rules) - {WORD_FOR_WORD})
            caught[edit.kind] += bool(rules) or read
            if options.missed and not rules:
                print(f"MISSED {edit.path} ({edit.judge}, {edit.kind}): {edit.why}\n- {edit.before}\n+ {edit.after}\n")
    for kind, count in sorted(tried.items()):
        print(
            f"{by_rules[kind]:>3} of {count:<3} by themselves, {by_what[kind]:>3} of them by what is said, "
            f"{caught[kind]:>3} with what a person is asked to read: {kind}",
            flush=True,
        )
    totals = (
        ("by themselves", by_rules),
        ("by what is said, not only because it is held word for word", by_what),
        ("with what a person is asked to read", caught),
    )
    for name, counts in totals:
        print(f"{counts.total()} of {tried.total()} ({100 * counts.total() // max(tried.total(), 1)} %) {name}")
    print(f"{stale} are of a text that is no more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
