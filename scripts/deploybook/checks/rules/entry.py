"""Troubleshooting: an entry for each error that leads to one, none to which nothing leads, each in the same form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from deploybook.checks.facts.tree import PACKAGE, Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.entries import HEADING, MARK, marks_by_id
from deploybook.guide.links import TROUBLESHOOTING
from deploybook.guide.page import Page, Paragraph

FORM = ["You see", "Check", "Fix"]


def _exists(tree: Tree) -> Iterator[Finding]:
    written = marks_by_id(tree.text(TROUBLESHOOTING))
    for use in tree.sources.uses:
        path = f"{PACKAGE}/{use.module}"
        if not use.entry:
            hint = "Give it as a literal, or by a name or a dict of literals in the same module."
            yield Finding(
                path, use.line, "entry-exists", "the source does not show which entry this error leads to", hint
            )
        elif use.entry not in written:
            hint = f"Write it in {TROUBLESHOOTING}, or correct the id."
            yield Finding(
                path, use.line, "entry-exists", f"this error leads to the entry {use.entry}, which is not written", hint
            )


def _reached(tree: Tree) -> Iterator[Finding]:
    led_to = {use.entry for use in tree.sources.uses}
    page = tree.pages[TROUBLESHOOTING]
    linked = {
        span.target.partition("#")[2]
        for path, other in tree.pages.items()
        if path != TROUBLESHOOTING
        for span in other.spans
    }
    for entry, marks in marks_by_id(page.text).items():
        marked = MARK in marks
        line = _line(page, entry)
        if entry not in led_to and not marked:
            hint = "Remove it, or mark it {#id .seen-in-the-app}."
            yield Finding(page.path, line, "entry-reached", f"no error leads to the entry {entry}", hint)
        if entry in led_to and marked:
            hint = "Remove the mark .seen-in-the-app."
            yield Finding(
                page.path,
                line,
                "entry-reached",
                f"an error leads to the entry {entry}, which says that none does",
                hint,
            )
        if marked and entry not in linked:
            hint = "Link to it from *If it fails* of a section."
            yield Finding(page.path, line, "entry-reached", f"nothing leads to the entry {entry}", hint)


def _line(page: Page, entry: str) -> int:
    return next((heading.line for heading in page.headings if heading.anchor == entry), 1)


def _form(tree: Tree) -> Iterator[Finding]:
    page = tree.pages[TROUBLESHOOTING]
    for entry, count in Counter(heading["id"] for heading in HEADING.finditer(page.text)).items():
        if count > 1:
            yield Finding(
                page.path, _line(page, entry), "entry-form", f"the id {entry} is given twice", "Give each its own."
            )
    for heading in page.headings:
        if heading.level != 2:
            continue
        if heading.anchor not in marks_by_id(page.text):
            hint = "Write ## Title {#id}."
            yield Finding(page.path, heading.line, "entry-form", f"the entry {heading.text} has no id of its own", hint)
        findings = [name for name in _beginnings(page, heading.text) if name in FORM]
        if findings != FORM:
            message = f"the entry {heading.anchor} has {', '.join(findings) or 'none'} of {', '.join(FORM)}"
            yield Finding(
                page.path, heading.line, "entry-form", message, f"Give it {', '.join(FORM)}, each once, in this order."
            )


def _beginnings(page: Page, title: str) -> list[str]:
    """The bold words that paragraphs of an entry begin with."""
    inside = [piece for piece in page.pieces if piece.part == title and isinstance(piece, Paragraph)]
    firsts = [paragraph.spans[0] for paragraph in inside if paragraph.spans]
    return [
        span.text
        for paragraph, span in zip([paragraph for paragraph in inside if paragraph.spans], firsts, strict=True)
        if span.kind == "strong" and paragraph.text.startswith(span.text)
    ]


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "entry-exists",
        "Every error and check of the package that names a troubleshooting entry names one that is written, and its source shows which.",
        _exists,
    ),
    Rule(
        "entry-reached",
        "No entry is written to which nothing leads: an error or check, or, where the symptom shows only in the application and "
        "the entry is marked so, a section.",
        _reached,
    ),
    Rule(
        "entry-form", "Every entry has an id of its own, and You see, Check and Fix, each once, in this order.", _form
    ),
)
