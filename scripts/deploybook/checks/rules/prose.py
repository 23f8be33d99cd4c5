"""The prose itself: comments that would be published, and words that no native writer would choose."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.page import Paragraph

_CODE = re.compile(
    r"^(?P<fence> *(?:```+|~~~+)).*?^(?P=fence)|(?P<ticks>`+)[^\n]+?(?P=ticks)", re.DOTALL | re.MULTILINE
)
_COMMENT = re.compile(r"<!--(?P<text>.*?)-->", re.DOTALL)
_MARK = re.compile(r"<!--|-->")


def _comments(tree: Tree) -> Iterator[Finding]:
    """A comment ends at the first closing mark: what stands behind it is published."""
    for path, page in tree.pages.items():
        text = _CODE.sub(_blanked, page.text)
        for comment in _COMMENT.finditer(text):
            if "<!--" in comment["text"]:
                yield _leak(path, text, comment.start("text") + comment["text"].index("<!--"))
        rest = _COMMENT.sub(_blanked, text)
        if mark := _MARK.search(rest):
            yield _leak(path, text, mark.start())


def _leak(path: str, text: str, position: int) -> Finding:
    message = "a comment is not closed where it seems to be: a part of it is published"
    hint = "Close it, and put no comment inside of a comment."
    return Finding(path, text.count("\n", 0, position) + 1, "comment-closed", message, hint)


def _blanked(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


@cache
def phrases() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each pattern of phrases.toml, with what to write instead."""
    text = resources.files("deploybook.checks.facts").joinpath("phrases.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)["phrases"]
    return tuple((re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE), instead) for words, instead in table.items())


def _words(tree: Tree) -> Iterator[Finding]:
    for path, page in tree.pages.items():
        for paragraph in page.paragraphs:
            yield from _written(path, paragraph)
    for notebook in tree.notebooks.values():
        for cell in notebook.cells:
            if cell.kind == "markdown":
                yield from _said(notebook.path, cell.line, cell.source)


def _written(path: str, paragraph: Paragraph) -> Iterator[Finding]:
    quoted = [span.text for span in paragraph.spans if span.kind in {"code", "em"}]
    yield from (finding for finding in _said(path, paragraph.line, paragraph.text) if not _within(finding, quoted))


def _within(finding: Finding, quoted: list[str]) -> bool:
    """Whether the words are another's, quoted: what a provider or a program says."""
    words = finding.message.split("“")[1].split("”")[0].lower()
    return any(words in text.lower() for text in quoted)


def _said(path: str, line: int, text: str) -> Iterator[Finding]:
    for pattern, instead in phrases():
        for match in pattern.finditer(text):
            at = line + text.count("\n", 0, match.start())
            message = f"“{match[0].strip()}” is not how a technical writer says it"
            yield Finding(path, at, "plain-words", message, f"Write: {instead}.")


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "comment-closed",
        "A comment of a page is closed where it seems to be. A comment inside of another one ends both: the rest is published.",
        _comments,
    ),
    Rule(
        "plain-words",
        "Pages and runbooks use the words that a native technical writer uses. checks/facts/phrases.toml lists those that have crept in "
        "before, each with what to write instead.",
        _words,
    ),
)
