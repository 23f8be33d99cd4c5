"""How a page looks before anybody has built it: its first screen says what to do next, and its tables fit a screen of 1280 pixels.

``tests/site/test_browser.py`` measures the built tables at 1280 and 390; on a phone each row is a card, whose words break anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.page import Block, Page, Paragraph, Piece, Row

# In words: what stands above the fold at 1280×800, below the title and beside the navigation.
FIRST_SCREEN = 150
# In pixels: the column of text at 1280, a cell's padding, a character of text and of code in a table (docs/assets/deploybook.css).
COLUMN, PADDING, LETTER, CODE_LETTER = 748, 26, 6.6, 7.4
# A name in the first column stays whole; other code breaks anywhere.
_WORD = re.compile(r"[^\s/·-]+")


def _fits(tree: Tree) -> Iterator[Finding]:
    for path, page in tree.pages.items():
        for line, rows in _tables(page):
            needed = sum(_width(rows, column) for column in range(max(len(row.cells) for row in rows)))
            if needed > COLUMN:
                message = f"this table needs about {needed:.0f} pixels, and a page has {COLUMN} at 1280"
                yield Finding(path, line, "table-fits", message, "Shorten its longest words, or take a column out.")


def _tables(page: Page) -> Iterator[tuple[int, list[Row]]]:
    """The rows of each table, with its first line."""
    rows = (piece for piece in page.pieces if isinstance(piece, Row))
    numbered = ((row.line - number, row) for number, row in enumerate(rows))
    for _, table in groupby(numbered, key=lambda pair: pair[1].head):
        listed = [row for _, row in table]
        yield listed[0].line, listed


def _width(rows: list[Row], column: int) -> float:
    """The least width of a column: of its longest word, its heading's too, and of its longest name where it is the first."""
    cells = [row.cells[column] for row in rows if column < len(row.cells)]
    heads = [row.head[column] for row in rows[:1] if column < len(row.head)]
    words = [word for text in (*(_without_code(cell) for cell in cells), *heads) for word in _WORD.findall(text)]
    names = [span.text for cell in cells for span in cell.spans if span.kind == "code"] if column == 0 else []
    longest = max((len(word) for word in words), default=0) * LETTER
    return PADDING + max(longest, max((len(name) for name in names), default=0) * CODE_LETTER)


def _without_code(cell: Paragraph) -> str:
    text = cell.text
    for span in cell.spans:
        if span.kind == "code":
            text = text.replace(span.text, " ")
    return text


def _leads_on(tree: Tree) -> Iterator[Finding]:
    for path, page in tree.pages.items():
        if path.startswith("docs/") and path.count("/") == 1 and not _next_within(page.pieces):
            message = f"its first {FIRST_SCREEN} words have no link, no command and no step: a reader does not know what to do next"
            yield Finding(path, 1, "first-screen", message, "Say it in the first paragraph, with a link or a command.")


def _next_within(pieces: tuple[Piece, ...]) -> bool:
    words = 0
    for piece in pieces:
        if words > FIRST_SCREEN:
            return False
        if (isinstance(piece, Block) and piece.language == "sh") or piece.step:
            return True
        parts = piece.cells if isinstance(piece, Row) else (piece,) if isinstance(piece, Paragraph) else ()
        if any(span.kind == "link" for part in parts for span in part.spans):
            return True
        words += sum(len(part.text.split()) for part in parts)
    return False


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "table-fits",
        "No table is wider than the column of text at 1280 pixels, by the longest word of each of its columns.",
        _fits,
    ),
    Rule(
        "first-screen",
        f"Within its first {FIRST_SCREEN} words a page has a link, a command or a step: it says what to do next.",
        _leads_on,
    ),
)
