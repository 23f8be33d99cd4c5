"""The sentences of a page, as a writer typed them, each with its line and the place where it stands.

A row of a table written by hand is one sentence, and so is a block, by the digest of its text. Generated parts have none: what makes
them knows them.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from deploybook.guide.page import Block, Heading, Page, Paragraph, Piece, Row, parse_page

DIGITS = 12
_BLOCK = re.compile(rf"\[[\w-]* [0-9a-f]{{{DIGITS}}}\]")
# What is typed as code, and where a link leads: a full stop in it ends no sentence.
_WHOLE = re.compile(r"`[^`]*`|\]\([^)]*\)")
_END = re.compile(r"[.!?][*_)”\"]*\s+(?=\S)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# What a line begins with inside of a list, a task or a quotation.
_MARKER = re.compile(r"^[ >]*(?:(?:[-*]|\d+\.) )?(?:\[[ x]\] )?(?:> ?)*(?:\[!WARNING\])?")
_STEP = re.compile(r"^\*\*[^*]+\*\*$")


@dataclass(frozen=True)
class Sentence:
    """``place`` is the step, the part or the entry that holds it; of a warning it says so."""

    line: int
    place: str
    text: str


def sentences(page: Page) -> tuple[Sentence, ...]:
    """Every sentence of a page that was written by hand, in the order of the page."""
    return _kept(page.path, page.text)


@lru_cache(maxsize=512)
def _kept(path: str, text: str) -> tuple[Sentence, ...]:
    """Kept: a check that is repeated with one file changed reads that file only. What stands twice at a place is numbered."""
    counts = Counter[tuple[str, str]]()
    result = []
    for sentence in _sentences(parse_page(path, text)):
        counts[sentence.place, sentence.text] += 1
        count = counts[sentence.place, sentence.text]
        result.append(sentence if count == 1 else replace(sentence, text=f"{sentence.text} ({count})"))
    return tuple(result)


def _sentences(page: Page) -> Iterator[Sentence]:
    steps: dict[str, list[int]] = {}
    lines = page.text.splitlines()
    for piece in page.pieces:
        if isinstance(piece, Heading):
            continue
        place = _place(piece, _anchor(page, piece), steps)
        if not page.by_hand(piece.line):
            continue
        if isinstance(piece, Block):
            yield Sentence(piece.line, place, block_name(piece))
        elif isinstance(piece, Row):
            cells = [_normal(cell) for cell in lines[piece.line - 1].strip().strip("|").split("|")]
            yield Sentence(piece.line, place, " | ".join(cells))
        elif isinstance(piece, Paragraph):
            yield from _of_paragraph(piece, f"{place}, warning" if piece.warning else place, lines)


def block_name(block: Block) -> str:
    """How a block stands among sentences: its language and the digest of its text."""
    return f"[{block.language} {digest_of(block.text)}]"


def is_block(sentence: str) -> bool:
    """Whether a sentence is a block, known by its digest."""
    return _BLOCK.match(sentence) is not None


def digest_of(text: str) -> str:
    """What a block is known by."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _anchor(page: Page, piece: Piece) -> str:
    before = [heading for heading in page.headings if heading.line <= piece.line]
    return before[-1].anchor if before else ""


def _place(piece: Piece, anchor: str, steps: dict[str, list[int]]) -> str:
    if not piece.step or piece.part != "Steps":
        return anchor
    numbers = steps.setdefault(anchor, [])
    if piece.step not in numbers:
        numbers.append(piece.step)
    return f"step {numbers.index(piece.step) + 1}"


def _of_paragraph(paragraph: Paragraph, place: str, lines: list[str]) -> Iterator[Sentence]:
    first = paragraph.line - 1
    raw = [_MARKER.sub("", line) for line in lines[first : first + paragraph.text.count("\n") + 1]]
    text = _COMMENT.sub("", "\n".join(raw))
    masked = _WHOLE.sub(lambda match: "x" * len(match[0]), text)
    starts = [0, *(match.end() for match in _END.finditer(masked)), len(text)]
    for start, end in itertools.pairwise(starts):
        sentence = _normal(text[start:end])
        # The name of a step is its runbook's heading, which a rule compares.
        if sentence and not (paragraph.step and start == 0 and _STEP.fullmatch(sentence)):
            yield Sentence(paragraph.line + text.count("\n", 0, start), place, sentence)


def _normal(text: str) -> str:
    return " ".join(_COMMENT.sub("", text).split())
