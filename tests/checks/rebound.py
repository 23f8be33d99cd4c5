"""``python -m tests.checks.rebound``: of every bound sentence one fact is changed, and the sentence bound anew to the same evidence.

A writer who gets a fact wrong and presses one key in ``check --review`` does that: evidence-said is content then. Printed is, for each
kind of fact, how many evidence-agrees finds, and how many the review does not bind anew.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tests.checks.trees import tree_at

from deploybook.checks.facts.evidence import RECORD, parse_register
from deploybook.checks.facts.said import said
from deploybook.checks.facts.stated import lacking, stated, states_the_same
from deploybook.checks.facts.tree import Tree
from deploybook.checks.rules.agreement import compared, words_behind
from deploybook.runbook.modes import Mode

ROOT = Path(__file__).resolve().parents[2]
MODES = tuple(mode.value for mode in Mode)
OPPOSITE = MappingProxyType(
    {"never": "always", "only": "also", "cannot": "can", "nothing": "everything", "nobody": "anybody", "alone": "too"}
)
Change = Callable[[str, random.Random], Iterator[str]]


def _numbers(text: str, chance: random.Random) -> Iterator[str]:
    for number in stated(text).numbers:
        other = str(chance.choice([each for each in range(2, 60) if str(each) != number]))
        yield re.sub(rf"\b{re.escape(number)}\b", other, text, count=1, flags=re.IGNORECASE)


def _modes(text: str, chance: random.Random) -> Iterator[str]:
    for mode in MODES:
        if f"`{mode}`" in text:
            yield text.replace(f"`{mode}`", f"`{chance.choice([each for each in MODES if each != mode])}`", 1)
        if f"--mode {mode}" in text:
            yield text.replace(f"--mode {mode}", f"--mode {chance.choice([each for each in MODES if each != mode])}", 1)


def _variables(tree: Tree) -> Change:
    names = [variable.name for variable in tree.contract.variables]

    def change(text: str, chance: random.Random) -> Iterator[str]:
        for name in names:
            if f"`{name}`" in text.partition(" | ")[2 if " | " in text else 0]:
                yield text.replace(f"`{name}`", f"`{chance.choice([each for each in names if each != name])}`", 1)

    return change


def _strength(text: str, _: random.Random) -> Iterator[str]:
    for word, opposite in OPPOSITE.items():
        if re.search(rf"\b{word}\b", text):
            yield re.sub(rf"\b{word}\b", opposite, text, count=1)


def _terms(text: str, chance: random.Random) -> Iterator[str]:
    for term in re.findall(r"(?<![*\w])\*([A-Z][^*]+)\*(?!\*)", text):
        yield text.replace(f"*{term}*", f"*{chance.choice(['Manage', 'Advanced', 'Overview', 'Security Center'])}*", 1)


class Figure(NamedTuple):
    """Of so many changes of one kind: how many evidence-agrees finds, and how many lose their evidence when somebody presses ``y``."""

    tried: int
    caught: int
    unbound: int


def figures(tree: Tree, seed: int = 7) -> Mapping[str, Figure]:
    """By kind of fact."""
    chance = random.Random(seed)  # noqa: S311 - which fact is changed is no secret
    kinds: dict[str, Change] = {
        "a number": _numbers,
        "a mode": _modes,
        "a variable": _variables(tree),
        "never, only, nothing": _strength,
        "a provider's term": _terms,
    }
    tried, caught, unbound = Counter[str](), Counter[str](), Counter[str]()
    register = parse_register(tree.text(RECORD))
    for path, bound in register.pages.items():
        present = {(sentence.place, sentence.text) for sentence in said(tree).get(path, ())}
        for sentence, has in words_behind(tree, register, path, bound):
            for kind, change in kinds.items() if (sentence.place, sentence.text) in present else ():
                for other in change(sentence.text, chance):
                    tried[kind] += other != sentence.text
                    caught[kind] += other != sentence.text and any(lacking(other, has))
                    unbound[kind] += not states_the_same(sentence.text, other)
    return {kind: Figure(tried[kind], caught[kind], unbound[kind]) for kind in kinds}


def main() -> int:
    """Print the figures."""
    tree = tree_at(ROOT)
    for kind, (tried, caught, unbound) in figures(tree).items():
        print(f"{caught:>4} of {tried:<4} are found, {unbound:>4} are bound to nothing after one key: {kind}")
    register = parse_register(tree.text(RECORD))
    print(f"{sum(map(compared, chain(*register.pages.values())))} sentences are compared")
    return 0


if __name__ == "__main__":
    sys.exit(main())
