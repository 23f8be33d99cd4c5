"""Relative links of a text that moves: into another file of the checkout, or from the checkout into the site.

A source file links as a reader of the repository needs it (``../../runbooks/r2.ipynb``); in the site the same thing stands elsewhere.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from deploybook.guide.markdown import change_prose

CHECKLIST = "docs/DEPLOY_PROD_CHECKLIST.md"
SECTIONS = "docs/sections"
TROUBLESHOOTING = "docs/troubleshooting.md"

# What is generated links as this file would, wherever it is to stand.
GENERATED = "docs/index.md"

# What is set as code links nowhere.
_CODE = re.compile(r"(`+)(?:(?!\1).)*\1")
_TARGET = re.compile(
    r"(?<=\]\()(?!/|[a-z][a-z0-9+.-]*:)(?P<path>[^()\s#]*)(?P<anchor>#[^()\s]*)?(?=[)\s])", re.IGNORECASE
)
_SECTION = re.compile(r"docs/sections/(?P<slug>[a-z0-9_]+)\.md")
_RUNBOOK = re.compile(r"runbooks/(?P<slug>[a-z0-9_]+)\.ipynb")

# Where a path of the checkout, with its anchor, stands now.
Move = Callable[[str, str], tuple[str, str]]


def section_anchor(slug: str, anchor: str) -> str:
    """The anchor in the checklist of a heading in a section's own file."""
    return f"{slug}-{anchor}" if anchor and anchor != slug else slug


def into_site(path: str, anchor: str) -> tuple[str, str]:
    """A section's file is part of the checklist there, and a notebook is a page."""
    if section := _SECTION.fullmatch(path):
        return CHECKLIST, section_anchor(section["slug"], anchor)
    if runbook := _RUNBOOK.fullmatch(path):
        return f"docs/runbooks/{runbook['slug']}.md", anchor
    return path, anchor


def unmoved(path: str, anchor: str) -> tuple[str, str]:
    """Everything stays where it is; only the text that links moves."""
    return path, anchor


def move(text: str, source: str, destination: str, moved: Move = unmoved) -> str:
    """``text`` of the file ``source``, with its links right for ``destination``; both are paths from the checkout's root."""

    def changed(match: re.Match[str]) -> str:
        if not match[0]:
            return ""
        return relative(resolve(match["path"], source), (match["anchor"] or "")[1:], destination, moved)

    def outside_code(line: str) -> str:
        code = [match.span() for match in _CODE.finditer(line)]
        return _TARGET.sub(
            lambda match: match[0] if any(start < match.start() < end for start, end in code) else changed(match), line
        )

    return change_prose(text, outside_code)


def resolve(target: str, source: str) -> str:
    """The path from the checkout's root that a link in ``source`` means; an empty one means ``source`` itself."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target)) if target else source


def relative(path: str, anchor: str, destination: str, moved: Move = unmoved) -> str:
    """The link to a path of the checkout as it is written in ``destination``."""
    path, anchor = moved(path, anchor)
    fragment = f"#{anchor}" if anchor else ""
    if path == destination and fragment:
        return fragment
    return posixpath.relpath(path, posixpath.dirname(destination)) + fragment
