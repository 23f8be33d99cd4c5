"""What a page quotes of a block's output, against what the block printed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.execution.attempt import Attempt
from deploybook.checks.finding import Finding
from deploybook.guide.page import Block, Paragraph, Piece

HINT = "Quote what is really printed; … stands for what differs."


def compared(attempt: Attempt) -> Iterator[Finding]:
    """A finding for each quotation that was not printed; none for a block that failed, which has its own."""
    if attempt.code != 0:
        return
    printed = " ".join(attempt.output.split())
    for line, quotation in _quotations(attempt):
        if not _printed(quotation, printed):
            message = f"the block before does not print “{quotation}”"
            yield Finding(attempt.page.path, line, "output-printed", message, HINT)


def _quotations(attempt: Attempt) -> Iterator[tuple[int, str]]:
    for piece in _after(attempt):
        if isinstance(piece, Block):
            if piece.language == "text":
                yield from (
                    (piece.line + 1 + number, line)
                    for number, line in enumerate(piece.text.splitlines())
                    if line.strip()
                )
            return
        if isinstance(piece, Paragraph) and (quotation := _told(piece)):
            yield from quotation
            return


def _after(attempt: Attempt) -> list[Piece]:
    """The pieces after the block, as far as its own step or part goes."""
    pieces = list(attempt.page.pieces)
    begin = pieces.index(attempt.block) + 1
    return [piece for piece in pieces[begin:] if (piece.part, piece.step) == (attempt.block.part, attempt.block.step)]


def _told(paragraph: Paragraph) -> list[tuple[int, str]]:
    """What is set as code, or is a claim in italics, in the sentence that begins with *You should see*."""
    spans = list(paragraph.spans)
    starts = [number for number, span in enumerate(spans) if span.kind == "strong" and span.text == "You should see"]
    if not starts:
        return []
    sentence = re.split(r"(?<=[.:])\s", paragraph.text.partition("You should see")[2], maxsplit=1)[0]
    quoted = [span for span in spans[starts[0] :] if span.kind == "code" or (span.kind == "em" and " " in span.text)]
    return [(span.line, span.text) for span in quoted if span.text in sentence]


def _printed(quotation: str, printed: str) -> bool:
    parts = [" ".join(part.split()) for part in re.split(r"…|<[A-Z][A-Z0-9_]*>", quotation)]
    return re.search(".*?".join(re.escape(part) for part in parts), printed) is not None
