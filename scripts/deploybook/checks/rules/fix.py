"""Troubleshooting: what `deploybook doctor` reads in an entry is so, and no fix removes what it should repair."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.errors import DocsError
from deploybook.guide.entries import Entry, parse_entries
from deploybook.guide.links import TROUBLESHOOTING
from deploybook.guide.page import Block

# What a heading may be marked with; the comment at the page's top says what each means.
MARKS = frozenset({"seen-in-the-app", "at-the-command", "by-hand", "unproved", "sample"})
# What stands for something else in a command: an ellipsis, a prompt, a name that nobody is told how to fill in.
NOT_PASTED = re.compile(r"…|(?<![./\w])\.\.\.(?!\w)|^\s*[$>] |<[a-z][a-z -]*>|\b(?:YOUR|MY)_[A-Z_]+\b")
_DANGER = "--mode destroy"


def _variables(tree: Tree) -> Iterator[Finding]:
    """An entry speaks for variables that the contract sends to the consumers it names."""
    for entry in _entries(tree):
        for claim in entry.claims:
            for place in sorted(claim.places):
                sent = {variable.name for variable in tree.contract.consumed_by(place)}
                for name in sorted(claim.names - sent - {"*"} if sent else {place}):
                    reason = f"{name} is not sent to {place}" if sent else f"there is no consumer {place}"
                    message = f"the entry {entry.id} speaks for variables, but {reason}"
                    yield Finding(TROUBLESHOOTING, entry.line, "entry-variables", message, "Correct the name.")


def _marks(tree: Tree) -> Iterator[Finding]:
    for entry in _entries(tree):
        for mark in sorted(entry.marks - MARKS):
            message = f"the entry {entry.id} has the unknown mark .{mark}"
            yield Finding(TROUBLESHOOTING, entry.line, "entry-mark", message, f"Use one of {', '.join(sorted(MARKS))}.")


def _harmless(tree: Tree) -> Iterator[Finding]:
    for entry in _entries(tree):
        if any(_DANGER in command for command in entry.commands) and not any(
            _DANGER in check for check in entry.checks
        ):
            message = f"the fix of {entry.id} removes things, and its symptom is not one of destroy's"
            yield Finding(TROUBLESHOOTING, entry.line, "entry-harmless", message, "Fix it with another mode.")


def _pastes(tree: Tree) -> Iterator[Finding]:
    page = tree.pages[TROUBLESHOOTING]
    for block in page.pieces:
        if isinstance(block, Block) and block.language == "sh":
            for number, line in enumerate(block.text.splitlines(), start=1):
                if match := NOT_PASTED.search(line):
                    message = f"a command that is pasted as it stands holds “{match[0].strip()}”"
                    hint = "Write the command whole, with a name of the checklist's table in place of what differs."
                    yield Finding(TROUBLESHOOTING, block.line + number, "entry-pastes", message, hint)


def _entries(tree: Tree) -> list[Entry]:
    try:
        return list(parse_entries(tree.text(TROUBLESHOOTING)).values())
    except DocsError:
        # An id that stands twice: the rule entry-form tells it.
        return []


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "entry-pastes",
        "Each command of an entry can be pasted as it stands: no ellipsis, no prompt, no name but those of the checklist's table.",
        _pastes,
    ),
    Rule(
        "entry-variables",
        "The variables and consumers that an entry speaks for, in the comment under its heading, are the contract's.",
        _variables,
    ),
    Rule("entry-mark", "A heading's marks in troubleshooting are those that have a meaning.", _marks),
    Rule("entry-harmless", "No fix uses the mode destroy, unless the entry is about destroy.", _harmless),
)
