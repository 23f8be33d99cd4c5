"""Small pieces of Markdown, in the common ground of GitHub's and Python-Markdown's dialects."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

FENCE = re.compile(r"\s*(?P<mark>`{3,}|~{3,})")
HEADING = re.compile(r"(?P<level>#{1,5}) (?P<text>.*?)(?: *\{#(?P<id>[\w-]+)[^}]*\})?\s*$")


def code(text: object) -> str:
    """Inline code, also inside a table: a pipe or a backtick needs HTML there."""
    plain = str(text)
    if not plain:
        return ""
    if "|" in plain or "`" in plain:
        # Python-Markdown reads what stands in inline HTML: whatever means something to it is written as a number.
        escaped = re.sub(r"[^a-zA-Z0-9 /:.,-]", lambda match: f"&#{ord(match[0])};", plain)
        return f"<code>{escaped}</code>"
    return f"`{plain}`"


def plain(text: str) -> str:
    """Text that Markdown and HTML leave as it is."""
    escaped = html.escape(text, quote=False).replace("|", "&#124;")
    return re.sub(r"([\\`*_\[\]#])(?!124;)", r"\\\1", escaped)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A pipe table; the cells are Markdown themselves, without line breaks and bare pipes."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def fenced(language: str, text: str) -> str:
    """A code block whose fence is longer than any in the text."""
    longest = max((len(fence) for fence in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def folded(summary: str, inside: str) -> str:
    """Markdown that is there when it is asked for."""
    return f'<details markdown="1"><summary>{summary}</summary>\n\n{inside}\n</details>\n'


def slugify(text: str) -> str:
    """The id of a heading, as Python-Markdown's toc and GitHub make it from plain words."""
    words = re.sub(r"[^\w\s-]", "", text.strip().lower())
    return re.sub(r"[\s]+", "-", words)


def lines_outside_code(text: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it stands outside every fenced code block."""
    open_mark = ""
    for line in text.splitlines(keepends=True):
        match = FENCE.match(line)
        mark = match["mark"] if match else ""
        if open_mark:
            yield line, False
            closes = mark.startswith(open_mark) and line.strip() == mark
            open_mark = "" if closes else open_mark
        else:
            open_mark = mark
            yield line, not mark


def change_prose(text: str, change: Callable[[str], str]) -> str:
    """The text with every line outside code blocks changed."""
    return "".join(change(line) if outside else line for line, outside in lines_outside_code(text))
