"""Mutations in the contract."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from tests.checks.mutations.mutation import Mutation, following, misspelt, replaced

from deploybook.checks.facts.tree import Tree
from deploybook.checks.rules.contract import PATH


def mutations(tree: Tree) -> Iterator[Mutation]:
    """Those of every table in it."""
    text = tree.text(PATH)
    slugs = [section.slug for section in tree.contract.sections]

    def each(kind: str, pattern: str, change: str | None = None, group: str = "it") -> Iterator[Mutation]:
        yield from replaced(
            f"contract: {kind}",
            PATH,
            text,
            pattern,
            lambda match: misspelt(match[group]) if change is None else change,
            group,
        )

    yield from each("name misspelt", r'^name = "(?P<it>\w+)"')
    yield from each("slug misspelt", r'^slug = "(?P<it>\w+)"')
    yield from each("title changed", r'^title = "(?P<it>[^"]+)"')
    yield from each("outcome changed", r'^outcome = "(?P<it>[^"]+)"')
    yield from each("description changed", r'^description = "(?P<it>[^"]+)"')
    yield from each("example changed", r'^example = "(?P<it>[^"]+)"')
    yield from each("pattern changed", r'^pattern = "[^"]*?(?P<it>[a-z0-9A-Z]{2,})[^"a-zA-Z0-9]*"$')
    yield from each("secret forgotten", r"^(?P<it>secret = true\n)", "")
    yield from each("optional forgotten", r"^(?P<it>optional = true\n)", "")
    yield from each("value changed", r'^value = "(?P<it>\w+)"')
    yield from each("place made at changed", r'^made_at = "(?P<it>[^"]+)"')
    yield from each("permission changed", r'^permissions = "(?P<it>[^"]+)"')
    yield from each("check of a credential changed", r'^check = "deploybook run (?P<it>\w+)')
    yield from each("endpoint misspelt", r'^endpoints = \["(?P<it>\w+)"')
    yield from each("prefix misspelt", r'^prefixes = \["(?P<it>[A-Z]+)_"')
    yield from each("comparison forgotten", r'^(?P<it>compared = ".+"\n)', "")
    yield from each("rule renamed", r"^\[parameters\.(?P<it>\w+)\]")
    yield from each("choice misspelt", r'^choices = .*"(?P<it>[a-z-]{3,})"\]')
    yield from replaced(
        "contract: section of a variable changed",
        PATH,
        text,
        r'^section = "(?P<it>\w+)"',
        lambda match: following(match["it"], slugs),
        "it",
    )
    yield from replaced(
        "contract: limit changed",
        PATH,
        text,
        r"^(?:minimum|maximum) = (?P<it>\d+)",
        lambda match: str(int(match["it"]) * 2),
        "it",
    )
    yield from replaced(
        "contract: length changed", PATH, text, r"\{\d*,?(?P<it>\d+)\}", lambda match: str(int(match["it"]) + 1), "it"
    )
    yield from _lists(text, slugs, [consumer.name for consumer in tree.contract.consumers])
    yield from _swapped(text)


def _lists(text: str, slugs: list[str], names: list[str]) -> Iterator[Mutation]:
    consumers = r'^consumers = \[(?P<it>"[^\]]+")\]'
    yield from replaced(
        "contract: consumer forgotten",
        PATH,
        text,
        consumers,
        lambda match: ", ".join(match["it"].split(", ")[:-1]),
        "it",
    )
    yield from replaced(
        "contract: consumer too many", PATH, text, consumers, lambda match: _one_more(match["it"], names), "it"
    )
    sections = r'^sections = \["(?P<it>\w+)"'
    yield from replaced(
        "contract: section of a credential changed",
        PATH,
        text,
        sections,
        lambda match: following(match["it"], slugs),
        "it",
    )


def _one_more(listed: str, names: list[str]) -> str | None:
    missing = [name for name in names if f'"{name}"' not in listed]
    return f'{listed}, "{missing[0]}"' if missing else None


def _swapped(text: str) -> Iterator[Mutation]:
    """Two neighbours in the order of reading."""
    tables = list(re.finditer(r"^\[\[section\]\]\n(?:(?!\[\[|# ---).*\n)*", text, re.MULTILINE))
    for one, other in itertools.pairwise(tables):
        yield Mutation("contract: sections swapped", PATH, one.start(), other.end(), other[0] + one[0])
