"""Mutations in the runbooks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.checks.mutations.mutation import Mutation, following, misspelt, replaced

from deploybook.checks.facts.tree import Notebook, Tree

Cells = list[dict[str, Any]]


def mutations(tree: Tree) -> Iterator[Mutation]:
    """Those of every section's runbook."""
    names = [variable.name for variable in tree.contract.variables]
    for notebook in tree.runbooks.values():
        yield from _words(notebook, names)
        yield from _title(notebook)
        yield from _cells(notebook)


def _words(notebook: Notebook, names: list[str]) -> Iterator[Mutation]:
    path, text = notebook.path, notebook.text
    parameter = r'^    "(?P<name>\w+): (?:str|int|bool) = (?P<default>.+?)  # '
    yield from replaced("parameter renamed", path, text, parameter, lambda match: misspelt(match["name"]), "name")
    yield from replaced(
        "default changed", path, text, parameter, lambda match: _other_default(match["default"]), "default"
    )
    yield from replaced(
        "recorded variable misspelt",
        path,
        text,
        r'rb\.record\(\\"(?P<name>\w+)',
        lambda match: misspelt(match["name"]),
        "name",
    )
    yield from replaced(
        "another variable recorded",
        path,
        text,
        r'rb\.record\(\\"(?P<name>\w+)',
        lambda match: following(match["name"], names),
        "name",
    )
    yield from replaced(
        "heading of a runbook changed",
        path,
        text,
        r'^    "## (?P<words>[^"\\]+)',
        lambda match: match["words"] + "s",
        "words",
    )
    yield from replaced(
        "call misspelt",
        path,
        text,
        r"\b(?:rb|r2|turso|modal|vercel|render|github|studio)\.(?P<name>[a-z_]{5,})",
        lambda match: misspelt(match["name"]),
        "name",
    )


def _title(notebook: Notebook) -> Iterator[Mutation]:
    path, text = notebook.path, notebook.text
    yield from replaced(
        "link of a runbook misspelt",
        path,
        text,
        r"docs/DEPLOY_PROD_CHECKLIST\.md#(?P<slug>\w+)",
        lambda match: misspelt(match["slug"]),
        "slug",
    )
    yield from replaced(
        "number of a section changed",
        path,
        text,
        r"Back to \[section (?P<number>\d)",
        lambda match: str(int(match["number"]) % 8 + 1),
        "number",
    )
    yield from replaced(
        "outcome in a title changed",
        path,
        text,
        r"\*\*Done when:\*\* (?P<words>[^\"\\.]+)",
        lambda match: match["words"] + " twice",
        "words",
    )
    yield from replaced(
        "variable in a title misspelt",
        path,
        text,
        r"`(?P<name>[A-Z][A-Z0-9_]+)`",
        lambda match: misspelt(match["name"]),
        "name",
    )


def _other_default(default: str) -> str | None:
    if default in {"True", "False"}:
        return str(default == "False")
    if default.isdigit():
        return str(int(default) * 2)
    return None if default == r"\"\"" else default.replace(r"\"", "").join([r"\"", r"2\""])


def _cells(notebook: Notebook) -> Iterator[Mutation]:
    def changed(kind: str, change: Callable[[Cells], None]) -> Mutation:
        data = json.loads(notebook.text)
        change(data["cells"])
        return Mutation(
            kind, notebook.path, 0, len(notebook.text), json.dumps(data, indent=1, ensure_ascii=False) + "\n"
        )

    def dropped(place: int) -> Callable[[Cells], None]:
        return lambda cells: cells.__delitem__(place)

    def swapped(place: int) -> Callable[[Cells], None]:
        return lambda cells: cells.__setitem__(slice(place, place + 2), cells[place : place + 2][::-1])

    def shown(place: int) -> Callable[[Cells], None]:
        output = {"name": "stdout", "output_type": "stream", "text": ["left over\n"]}
        return lambda cells: cells[place]["outputs"].append(output)

    for place, cell in enumerate(notebook.cells):
        yield changed("cell dropped", dropped(place))
        if cell.kind == "code":
            yield changed("output left in a notebook", shown(place))
        if place + 1 < len(notebook.cells):
            yield changed("cells swapped", swapped(place))
