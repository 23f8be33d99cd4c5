"""Mutations in the application's files that the guide brings along, and in what the package says and calls."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.checks.mutations.mutation import Mutation, misspelt, replaced

from deploybook.checks.facts.tree import PACKAGE, Tree
from deploybook.checks.rules.deployed import APP, WORKFLOW


def mutations(tree: Tree) -> Iterator[Mutation]:
    """Those of the workflow, of the Modal app, of the clients and the errors."""
    yield from _workflow(tree.text(WORKFLOW))
    yield from _modal(tree.text(APP))
    yield from _package(tree)


def _workflow(text: str) -> Iterator[Mutation]:
    yield from replaced(
        "workflow: secret misspelt", WORKFLOW, text, r"secrets\.(?P<it>\w+)", lambda match: misspelt(match["it"]), "it"
    )
    yield from replaced(
        "workflow: variable misspelt",
        WORKFLOW,
        text,
        r"^ +(?P<it>[A-Z_]+): \$\{\{",
        lambda match: misspelt(match["it"]),
        "it",
    )
    yield from replaced(
        "workflow: job renamed", WORKFLOW, text, r"^  (?P<it>web|worker):", lambda match: misspelt(match["it"]), "it"
    )
    yield from replaced("workflow: branch filled in", WORKFLOW, text, r"<PRODUCTION_BRANCH>", lambda _: "main")
    yield from replaced(
        "workflow: flag misspelt",
        WORKFLOW,
        text,
        r"(?<=run: ).*--(?P<it>[a-z-]+)",
        lambda match: misspelt(match["it"]),
        "it",
    )


def _modal(text: str) -> Iterator[Mutation]:
    yield from replaced(
        "app: secret renamed", APP, text, r'^    "(?P<it>r2-credentials)"', lambda match: misspelt(match["it"]), "it"
    )
    yield from replaced(
        "app: secret renamed", APP, text, r'from_name\("(?P<it>render-auth)"', lambda match: misspelt(match["it"]), "it"
    )
    yield from replaced(
        "app: key misspelt",
        APP,
        text,
        r'^        "(?P<it>[A-Z][A-Z0-9_]+)",$',
        lambda match: misspelt(match["it"]),
        "it",
    )
    yield from replaced(
        "app: variable misspelt",
        APP,
        text,
        r'(?:environ\[|environ\.get\(|at_deploy\()["\'](?P<it>\w+)',
        lambda match: misspelt(match["it"]),
        "it",
    )
    yield from replaced(
        "app: endpoint renamed",
        APP,
        text,
        r"\{LABEL\}-(?P<it>submit|status)",
        lambda match: misspelt(match["it"]),
        "it",
    )
    yield from replaced(
        "app: function renamed", APP, text, r"^def (?P<it>submit|status)\(", lambda match: misspelt(match["it"]), "it"
    )
    yield from replaced(
        "app: field misspelt",
        APP,
        text,
        r'(?:body\.get\(|\{|, )"(?P<it>\w{4,})"(?=[:,)])',
        lambda match: misspelt(match["it"]),
        "it",
    )
    yield from replaced(
        "app: host misspelt",
        APP,
        text,
        r"\.(?P<it>r2\.cloudflarestorage\.com)",
        lambda match: misspelt(match["it"]),
        "it",
    )
    yield from replaced(
        "app: default changed", APP, text, r'"MODAL_LABEL", "(?P<it>[\w-]+)"', lambda match: misspelt(match["it"]), "it"
    )


def _package(tree: Tree) -> Iterator[Mutation]:
    entries = tree.pages["docs/troubleshooting.md"].anchors
    for path in sorted((tree.root / PACKAGE / "clouds").rglob("*.py")):
        name, text = path.relative_to(tree.root).as_posix(), path.read_text(encoding="utf-8")
        yield from replaced(
            "package: entry misspelt",
            name,
            text,
            r'"(?P<it>[a-z0-9]+(?:-[a-z0-9]+)+)"',
            lambda match: misspelt(match["it"]) if match["it"] in entries else None,
            "it",
        )
        if "/studio/" in name:
            yield from replaced(
                "package: route misspelt",
                name,
                text,
                r'"(?P<it>/api/[a-z/]+[a-z])',
                lambda match: misspelt(match["it"]),
                "it",
            )
    quoted = {
        span.text
        for page in tree.pages.values()
        for paragraph in page.paragraphs
        if paragraph.text.startswith("You see")
        for span in paragraph.spans
    }
    for path in sorted((tree.root / PACKAGE / "clouds").rglob("*.py")):
        name, text = path.relative_to(tree.root).as_posix(), path.read_text(encoding="utf-8")
        for words in sorted(words for words in quoted if len(words.split()) > 3 and text.count(words) == 1):
            yield from replaced(
                "package: quoted message reworded",
                name,
                text,
                re.escape(words),
                lambda match: match[0].replace(" ", " quite ", 1),
            )
