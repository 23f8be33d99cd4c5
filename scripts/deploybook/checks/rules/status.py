"""HTTP statuses that a page tells of: each is one that the code has which leads to the entry, or which the page names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.links import TROUBLESHOOTING
from deploybook.guide.page import Page, Paragraph

_STATUS = re.compile(r"(?<!`)`(?P<status>[1-5]\d\d)(?: [A-Z_]+)?`(?:<!-- = (?P<source>[^>]+) -->)?")


def _bound(tree: Tree) -> Iterator[Finding]:
    by_entry = tree.once(_by_entry)
    for page in tree.pages.values():
        for paragraph in page.pieces:
            if not isinstance(paragraph, Paragraph) or not page.by_hand(paragraph.line):
                continue
            led_to = frozenset[int]().union(*(by_entry.get(entry, frozenset()) for entry in _entries(page, paragraph)))
            for line, match in _statuses_in(page, paragraph):
                source = (match["source"] or "").strip()
                allowed = _named(tree, source) if source else led_to
                if int(match["status"]) not in allowed:
                    message = f"{match['status']} is no status of {source or 'the code that leads to an entry here'}"
                    statuses = f" ({', '.join(map(str, sorted(allowed)))})" if allowed else ""
                    hint = f"Correct it{statuses}, or write `{match['status']}`<!-- = MODULE NAME --> as docs/STYLE.md says."
                    yield Finding(page.path, line, "status-bound", message, hint)


def _statuses_in(page: Page, paragraph: Paragraph) -> Iterator[tuple[int, re.Match[str]]]:
    lines = page.text.splitlines()
    for number in range(paragraph.line, paragraph.line + paragraph.text.count("\n") + 1):
        yield from ((number, match) for match in _STATUS.finditer(lines[number - 1]))


def _entries(page: Page, paragraph: Paragraph) -> list[str]:
    """The entry in which a paragraph stands; elsewhere those that it links to."""
    if page.path == TROUBLESHOOTING:
        before = [heading.anchor for heading in page.headings if heading.line < paragraph.line]
        return before[-1:]
    links = (span.target.partition("#") for span in paragraph.spans)
    return [anchor for path, _, anchor in links if path.endswith("troubleshooting.md")]


def _named(tree: Tree, source: str) -> frozenset[int]:
    """The statuses of a function, a class or a constant: ``http/client.py PASSING``."""
    path, _, name = source.partition(" ")
    module = tree.sources.modules.get(path)
    own = (scope.statuses for scope in module.scopes if scope.name == name) if module else ()
    return frozenset[int]().union(*own)


def _by_entry(tree: Tree) -> dict[str, frozenset[int]]:
    """For each entry the statuses of the functions that lead to it, and those that tables turn into the errors named there."""
    modules = tree.sources.modules
    of_class: dict[str, frozenset[int]] = {}
    for module in modules.values():
        for name, statuses in module.classes_by_status.items():
            of_class[name] = of_class.get(name, frozenset()) | statuses
    result: dict[str, frozenset[int]] = {}
    for use in tree.sources.uses:
        module = modules[use.module]
        around = [scope for scope in module.scopes if scope.first <= use.line <= scope.last]
        for scope in sorted(around, key=lambda scope: scope.first)[-1:]:
            classes = [of_class[name] for name in (scope.name, *scope.names) if name in of_class]
            result[use.entry] = result.get(use.entry, frozenset()).union(scope.statuses, *classes)
    return result


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "status-bound",
        "An HTTP status that an entry names, or a paragraph that links to an entry, is one of the code that leads to the entry; "
        "any other is followed by a comment that names the function, class or constant of the package that has it.",
        _bound,
    ),
)
