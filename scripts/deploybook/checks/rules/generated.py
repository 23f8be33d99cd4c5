"""The parts of the pages that a program writes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import suppress

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.errors import DocsError
from deploybook.runbook.settings_schema import schema_path, schema_text

RULE = "generated-current"


def _find(tree: Tree) -> Iterator[Finding]:
    for page in tree.pages.values():
        try:
            wanted = tree.refreshed(page.path)
        except DocsError as error:
            yield Finding(page.path, error.line, RULE, error.message.partition(": ")[2], error.hint)
            continue
        if wanted != page.text:
            line = _first_difference(page.text, wanted)
            name = page.generated.get(line, "a part")
            message = f"the generated part ({name}) is not what it would be now"
            yield Finding(page.path, line, RULE, message, "Run deploybook check --fix.")
    yield from _schema(tree)


def _schema(tree: Tree) -> Iterator[Finding]:
    path = schema_path(tree.layout)
    with suppress(DocsError):  # a notebook whose parameters cannot be read has a finding of its own
        if not path.exists() or path.read_text(encoding="utf-8") != schema_text(tree.layout, tree.contract):
            message = "the schema of the settings files is not what it would be now"
            yield Finding(path.relative_to(tree.root).as_posix(), 1, RULE, message, "Run deploybook check --fix.")


def _first_difference(have: str, want: str) -> int:
    """The line in ``have``."""
    matcher = difflib.SequenceMatcher(None, have.splitlines(), want.splitlines(), autojunk=False)
    return next((first + 1 for tag, first, *_ in matcher.get_opcodes() if tag != "equal"), 1)


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        RULE,
        "Tables of variables, credentials, parameters and errors, the command line's reference, the heads of the sections and the "
        "schema of the settings files are written by deploybook from the contract and the code. What stands in the repository is "
        "what it would write now; --fix writes it.",
        _find,
    ),
)
