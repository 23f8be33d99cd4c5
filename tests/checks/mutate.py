"""``python -m tests.checks.mutate [--seed N] [--each N] [--shard I/N] [TEXT]``: which of many small mutations the check finds.

They are made from the tree by rules (``mutations/``); of each kind some are drawn. Each is put into a copy of the tree, which is
then checked as `deploybook check` does it, in this process: what did not change is not read again. A survivor is printed at once;
so is a mutation at which the check itself fails, which is a bug of the check.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.checks.mutations import every
from tests.checks.mutations.mutation import Mutation
from tests.checks.survivors import reason
from tests.checks.trees import tree_at

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.checks.rules.review import REVIEWED
from deploybook.checks.static import RULES, check

ROOT = Path(__file__).resolve().parents[2]
SEED = 7
EACH = 6
# A person reads whatever was changed: what the others find by themselves is counted here.
BY_THEMSELVES = tuple(rule for rule in RULES if rule is not REVIEWED)
COPIED = (
    ".github",
    "docs",
    "runbooks",
    "scripts",
    *(path.name for path in sorted(ROOT.glob("*.*")) if path.is_file()),
    "Makefile",
    "LICENSE",
)


@dataclass(frozen=True)
class Outcome:
    """A mutation, and what the check finds that it does not find in the tree itself; ``failure`` says how the check failed, if it did."""

    mutation: Mutation
    findings: tuple[Finding, ...]
    seconds: float
    failure: str = ""

    @property
    def rules(self) -> list[str]:
        """The rules that found it."""
        return sorted({finding.rule for finding in self.findings})


class Copy:
    """A copy of the tree into which one mutation at a time is put."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tree = tree_at(root)

    @cached_property
    def findings(self) -> frozenset[Finding]:
        """What is found before anything is changed: at the first call."""
        return frozenset(check(tree_at(self.root)))

    def tried(self, mutation: Mutation, rules: Iterable[Rule[Tree]] = BY_THEMSELVES) -> Outcome:
        """Put it in, check by these rules, take it out again."""
        before = self.findings
        path = self.root / mutation.path
        text = path.read_text(encoding="utf-8")
        began = time.monotonic()
        path.write_text(mutation.applied(text), encoding="utf-8")
        try:
            findings = tuple(finding for finding in check(tree_at(self.root), rules) if finding not in before)
        finally:
            path.write_text(text, encoding="utf-8")
        return Outcome(mutation, findings, time.monotonic() - began)


@contextmanager
def copied(root: Path = ROOT) -> Iterator[Copy]:
    """A copy of the checkout, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="deploybook-mutate-") as name:
        for part in COPIED:
            source, target = root / part, Path(name) / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        (Path(name) / "tests").symlink_to(root / "tests")
        yield Copy(Path(name))


def drawn(mutations: Sequence[Mutation], per_kind: int, seed: int) -> list[Mutation]:
    """Some of each kind, the same for the same seed."""
    kinds: dict[str, list[Mutation]] = defaultdict(list)
    for mutation in mutations:
        kinds[mutation.kind].append(mutation)
    chance = random.Random(seed)  # noqa: S311 - which mutations are tried is no secret
    return [
        mutation for kind in sorted(kinds) for mutation in chance.sample(kinds[kind], min(per_kind, len(kinds[kind])))
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each that survives, and the counts; 1 if one survives that nobody has explained."""
    parser = argparse.ArgumentParser()
    parser.add_argument("text", nargs="?", default="")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--each", type=int, default=EACH, help="of each kind, at most")
    parser.add_argument("--shard", default="1/1", help="one of so many parts of them, such as 3/10")
    options = parser.parse_args(arguments)
    with copied() as copy:
        for finding in sorted(copy.findings):
            print(f"in the tree itself: {finding}")
        wanted = drawn([each for each in every(copy.tree) if options.text in each.kind], options.each, options.seed)
        number, of = (int(part) for part in options.shard.split("/"))
        outcomes, unexplained = [], 0
        for mutation in wanted[number - 1 :: of]:
            try:
                outcome = copy.tried(mutation)
            except Exception:  # noqa: BLE001 - whatever it is: the next mutation is tried all the same
                outcome = Outcome(mutation, (), 0.0, traceback.format_exc(limit=-3))
            outcomes.append(outcome)
            unexplained += not outcome.findings and not _survivor(copy, outcome)
    _count(outcomes)
    return 1 if unexplained else 0


def _survivor(copy: Copy, outcome: Outcome) -> str:
    mutation = outcome.mutation
    text = (copy.root / mutation.path).read_text(encoding="utf-8")
    why = "" if outcome.failure else reason(mutation, text)
    line = text.count("\n", 0, mutation.start) + 1
    problem = outcome.failure or why or "NOT EXPLAINED"
    print(f"SURVIVES {mutation.path}:{line} ({mutation.kind}): {problem}\n{mutation.diff(text)}\n", flush=True)
    return why


def _count(outcomes: Sequence[Outcome]) -> None:
    rules = Counter(rule for outcome in outcomes for rule in outcome.rules)
    kinds = Counter(outcome.mutation.kind for outcome in outcomes)
    caught = Counter(outcome.mutation.kind for outcome in outcomes if outcome.findings)
    for kind, count in sorted(kinds.items()):
        print(f"{caught[kind]:>3} of {count:<3} {kind}")
    print("found by: " + ", ".join(f"{rule} {count}" for rule, count in rules.most_common()))
    slowest = max((outcome.seconds for outcome in outcomes), default=0)
    total = sum(outcome.seconds for outcome in outcomes)
    print(f"{sum(caught.values())} of {len(outcomes)} mutations found in {total:.0f} s, the slowest in {slowest:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
