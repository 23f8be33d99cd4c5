"""The entries of the troubleshooting page at a glance, in the groups in which the page keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.guide.entries import HEADING, PAGE
from deploybook.guide.guide import Guide

# A group is a comment between two entries, as docs/STYLE.md has it.
_GROUP = re.compile(r"^<!-- (?P<title>[A-Z][^.:]*) -->$\n\n(?=## )", re.MULTILINE)


def entries_index(guide: Guide) -> str:
    """Each group with links to its entries."""
    text = (guide.layout.root / PAGE).read_text(encoding="utf-8")
    parts = [f"**{title}**\n\n{links}" for title, links in _groups(text)]
    return "\n".join(parts)


def _groups(text: str) -> Iterator[tuple[str, str]]:
    starts = [*_GROUP.finditer(text)]
    ends = [start.start() for start in starts[1:]] + [len(text)]
    for start, end in zip(starts, ends, strict=True):
        links = [
            f"- [{entry['title']}](troubleshooting.md#{entry['id']})"
            for entry in HEADING.finditer(text, start.end(), end)
        ]
        yield start["title"], "\n".join(links) + "\n"
