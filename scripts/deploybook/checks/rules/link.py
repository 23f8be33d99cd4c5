"""Links: what they lead to is there, and what they are called is what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.errors import DocsError
from deploybook.guide.links import CHECKLIST, TROUBLESHOOTING, resolve, section_anchor
from deploybook.guide.markdown import slugify
from deploybook.guide.page import Page, Span, parse_page

_OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_RUNBOOK_PAGE = re.compile(r"docs/runbooks/([a-z0-9_]+)\.md")


def _targets(tree: Tree) -> Iterator[Finding]:
    for page in all_pages(tree):
        for span in page.spans:
            if span.kind in {"link", "image"} and not _OUTSIDE.match(span.target):
                yield from _target(tree, page, span)


def all_pages(tree: Tree) -> list[Page]:
    """Every page, and the text of each notebook."""
    return [*tree.pages.values(), *_notebook_pages(tree)]


def _notebook_pages(tree: Tree) -> Iterator[Page]:
    """The text of each runbook, as a page of its own whose lines are the file's."""
    for notebook in tree.notebooks.values():
        for cell in notebook.cells:
            if cell.kind == "markdown":
                yield parse_page(notebook.path, "\n" * cell.line + cell.source)


def _target(tree: Tree, page: Page, span: Span) -> Iterator[Finding]:
    target, _, anchor = span.target.partition("#")
    path = resolve(target, page.path)
    if not _there(tree, path):
        message = f"the link to {span.target} leads nowhere"
        yield Finding(page.path, span.line, "link-target", message, f"There is no {path}.")
    elif anchor and path.endswith(".md") and anchor not in _anchors(tree, path):
        message = f"the link to {span.target} leads to a place that is not on its page"
        yield Finding(page.path, span.line, "link-target", message, f"{path} has no heading or id {anchor}.")


def _there(tree: Tree, path: str) -> bool:
    runbook = _RUNBOOK_PAGE.fullmatch(path)
    return tree.exists(path) or bool(runbook and runbook[1] in tree.notebooks)


def _anchors(tree: Tree, path: str) -> set[str]:
    page = tree.pages.get(path)
    if page is None:
        return set()
    # An anchor that the generator brings is there once it has run: generated-current tells if it has not.
    anchors = set(page.anchors)
    with suppress(DocsError):  # generated-current tells of it
        anchors |= parse_page(path, tree.refreshed(path)).anchors
    if path == CHECKLIST:
        for slug in tree.contract.order():
            section = tree.section_page(slug)
            anchors |= {section_anchor(slug, heading.anchor) for heading in section.headings} if section else set()
    return anchors


def _names(tree: Tree) -> Iterator[Finding]:
    for page in tree.pages.values():
        for span in page.spans:
            if span.kind == "link" and page.by_hand(span.line) and (wrong := _misnamed(tree, page, span)):
                yield Finding(page.path, span.line, "link-name", *wrong)


def _misnamed(tree: Tree, page: Page, span: Span) -> tuple[str, str] | None:
    target, _, anchor = span.target.partition("#")
    path = resolve(target, page.path)
    entries = tree.pages[TROUBLESHOOTING].anchors if TROUBLESHOOTING in tree.pages else set()
    if path == TROUBLESHOOTING and anchor and span.text in entries and span.text != anchor:
        return f"the link called {span.text} leads to {anchor}", "Let both be the same entry."
    if (
        path == TROUBLESHOOTING
        and anchor
        and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", span.text)
        and span.text != anchor
    ):
        return f"the link to {anchor} is called {span.text}", f"Call it {anchor}."
    if re.fullmatch(r"[A-Z][A-Z0-9_]+", span.text) and anchor and slugify(span.text) != anchor:
        return f"the link called {span.text} leads to {anchor}", "Let both be the same variable."
    if step := re.fullmatch(r"step (\d+)", span.text):
        return _step(tree, anchor, int(step[1]))
    return None


def _step(tree: Tree, slug: str, number: int) -> tuple[str, str] | None:
    section = tree.section_page(slug)
    steps = {piece.step for piece in section.pieces if piece.part == "Steps" and piece.step} if section else set()
    return None if number <= len(steps) else (f"the {slug} section has no step {number}", f"It has {len(steps)}.")


def _images(tree: Tree) -> Iterator[Finding]:
    for page in tree.pages.values():
        for span in page.spans:
            if span.kind == "image" and not span.text.strip():
                hint = "Say in its text what a reader who does not see it needs to know."
                yield Finding(page.path, span.line, "image-text", f"the image {span.target} has no text", hint)


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "link-target",
        "Every relative link, of pages and of notebooks, leads to a file that is there, and its anchor to a heading or an id on "
        "that page. Links to other hosts are not followed here.",
        _targets,
    ),
    Rule(
        "link-name",
        "A link that is called by a variable's name or an entry's id leads to that one, and a step that a link names is there.",
        _names,
    ),
    Rule(
        "image-text",
        "Every image has a text for readers who do not see it.",
        _images,
    ),
)
