"""A Markdown page in pieces that know their line: headings, paragraphs, blocks of code, rows of tables, and the spans within."""

from __future__ import annotations

import html.parser
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from deploybook.guide.markdown import HEADING, slugify

_GENERATED = re.compile(r"<!-- (?P<close>/?)generated(?:: (?P<name>[^>]*?))? ?-->")
_COMMENT = re.compile(r"<!--\s*(?P<text>.*?)\s*-->", re.DOTALL)
_ID = re.compile(r"<a\b[^>]*\bid=\"(?P<id>[^\"]+)\"")
_OPENERS = {"em_open": "em", "strong_open": "strong", "link_open": "link"}


@dataclass(frozen=True)
class Span:
    """A run of text within a paragraph: ``kind`` is ``code``, ``em``, ``strong``, ``link`` or ``image``; ``target`` is a link's."""

    line: int
    kind: str
    text: str
    target: str = ""


@dataclass(frozen=True)
class Piece:
    """What every piece knows: its line, the headings that it stands under, and the line of the numbered step that holds it (or 0)."""

    line: int
    part: str
    title: str
    step: int


@dataclass(frozen=True)
class Heading(Piece):
    """A heading, with the anchor that a link to it uses."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Paragraph(Piece):
    """Running text. ``text`` has no marks of emphasis, ``quoted`` says that it stands in a quotation, such as a warning."""

    text: str
    spans: tuple[Span, ...]
    quoted: bool = False

    @property
    def warning(self) -> bool:
        """Whether it is the danger of a step."""
        return self.quoted and self.text.startswith("[!WARNING]")


@dataclass(frozen=True)
class Block(Piece):
    """A fenced block; ``line`` is its fence's, ``comment`` the comment right before it."""

    language: str
    text: str
    comment: str = ""


@dataclass(frozen=True)
class Row(Piece):
    """A row of a table, its head included (``head``)."""

    cells: tuple[Paragraph, ...]
    head: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """One Markdown file of the guide, by its path from the checkout's root."""

    path: str
    text: str
    pieces: tuple[Piece, ...]
    generated: dict[int, str] = field(repr=False)
    ids: frozenset[str] = frozenset()

    @cached_property
    def headings(self) -> list[Heading]:
        """The headings, in their order."""
        return [piece for piece in self.pieces if isinstance(piece, Heading)]

    @cached_property
    def blocks(self) -> list[Block]:
        """The fenced blocks, in their order."""
        return [piece for piece in self.pieces if isinstance(piece, Block)]

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of all tables, without their heads."""
        return [piece for piece in self.pieces if isinstance(piece, Row)]

    @cached_property
    def paragraphs(self) -> list[Paragraph]:
        """Running text, and the cells of tables."""
        paragraphs: list[Paragraph] = []
        for piece in self.pieces:
            paragraphs += [piece] if isinstance(piece, Paragraph) else piece.cells if isinstance(piece, Row) else []
        return paragraphs

    @cached_property
    def spans(self) -> list[Span]:
        """The spans of all paragraphs and cells."""
        return [span for paragraph in self.paragraphs for span in paragraph.spans]

    @cached_property
    def anchors(self) -> set[str]:
        """All that a link can name after ``#``."""
        return {heading.anchor for heading in self.headings} | self.ids

    def by_hand(self, line: int) -> bool:
        """Whether a person wrote the line, rather than the generator."""
        return line not in self.generated


@lru_cache(maxsize=4096)
def parse_page(path: str, text: str) -> Page:
    """Read a page. Kept: a check that is repeated with one file changed reads that file only."""
    generated = _generated(text)
    reader = _Reader(MarkdownIt("commonmark").enable("table").parse(text))
    pieces = tuple(reader.pieces())
    ids = frozenset(_ID.findall(text))
    return Page(path, text, pieces, generated, ids)


def _generated(text: str) -> dict[int, str]:
    """For each line of a generated part, its name."""
    result: dict[int, str] = {}
    name = ""
    for number, line in enumerate(text.splitlines(), 1):
        mark = _GENERATED.fullmatch(line.strip())
        if mark:
            name = "" if mark["close"] else mark["name"]
            result[number] = "mark"
        elif name:
            result[number] = name
    return result


class _Reader:
    """Walks the parser's flat list of tokens and remembers where it is."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._line = 1
        self._part = self._title = self._comment = ""
        self._step = self._lists = self._quotes = 0
        self._anchors: set[str] = set()

    def pieces(self) -> Iterator[Piece]:
        """Every piece, in the order of the page."""
        cells: list[Paragraph] = []
        head: tuple[str, ...] = ()
        for index, token in enumerate(self._tokens):
            self._enter(token)
            if token.type == "heading_open":
                yield self._heading(token, self._tokens[index + 1])
            elif token.type == "inline" and self._tokens[index - 1].type == "paragraph_open":
                yield self._paragraph(token)
            elif token.type in {"fence", "code_block"}:
                yield self._block(token)
            elif token.type == "tr_open":
                cells = []
            elif token.type == "inline" and self._tokens[index - 1].type in {"th_open", "td_open"}:
                cells.append(self._paragraph(token))
            elif token.type == "tr_close":
                if self._tokens[index - 1].type == "th_close":
                    head = tuple(cell.text for cell in cells)
                else:
                    yield Row(self._line, self._part, self._title, self._step, tuple(cells), head)
            if token.type == "html_block":
                match = _COMMENT.search(token.content)
                self._comment = match["text"] if match else ""

    def _enter(self, token: Token) -> None:
        if token.map:
            self._line = token.map[0] + 1
        self._quotes += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        self._lists += token.nesting if token.type.endswith("_list_open") or token.type.endswith("_list_close") else 0
        if token.type == "list_item_open" and self._lists == 1:
            self._step = self._line
        elif token.type.endswith("_list_close") and self._lists == 0:
            self._step = 0

    def _heading(self, token: Token, inline: Token) -> Heading:
        match = HEADING.fullmatch(f"{token.markup} {inline.content}")
        text = match["text"] if match else inline.content
        anchor = (match["id"] if match else None) or self._free(slugify(re.sub(r"[`*]", "", text)))
        level = int(token.tag[1:])
        self._part = text if level == 2 else "" if level == 1 else self._part
        self._title = text
        return Heading(self._line, self._part, self._title, 0, level, text, anchor)

    def _free(self, anchor: str) -> str:
        """A second heading of the same words gets a number, as the site's toc gives it."""
        free, number = anchor, 0
        while free in self._anchors:
            number += 1
            free = f"{anchor}_{number}"
        self._anchors.add(free)
        return free

    def _block(self, token: Token) -> Block:
        comment, self._comment = self._comment, ""
        # An indented block shows marks that would mean something in a fenced one at the line's start.
        language = "text" if token.type == "code_block" else (token.info.split() or [""])[0]
        return Block(self._line, self._part, self._title, self._step, language, token.content, comment)

    def _paragraph(self, token: Token) -> Paragraph:
        text, spans = _inline(token.children or [], self._line)
        # A comment alone on its line, as it stands within a step.
        alone = _COMMENT.fullmatch(token.content)
        self._comment = alone["text"] if alone else ""
        return Paragraph(self._line, self._part, self._title, self._step, text, tuple(spans), self._quotes > 0)


def _inline(children: Sequence[Token], line: int) -> tuple[str, list[Span]]:
    """The plain text, and the spans in it; an outer span comes after those within."""
    text: list[str] = []
    spans: list[Span] = []
    opened: list[tuple[str, int, int, str]] = []
    for child in children:
        if child.type in {"softbreak", "hardbreak"}:
            line += 1
            text.append("\n")
        elif child.type in _OPENERS:
            opened.append((_OPENERS[child.type], line, len(text), str(child.attrGet("href") or "")))
        elif child.type.endswith("_close") and opened:
            kind, began, start, target = opened.pop()
            spans.append(Span(began, kind, "".join(text[start:]), target))
        elif child.type == "code_inline":
            spans.append(Span(line, "code", child.content))
            text.append(child.content)
        elif child.type == "image":
            spans.append(Span(line, "image", child.content, str(child.attrGet("src") or "")))
        elif child.type == "html_inline":
            line += child.content.count("\n")
            if image := _image(child.content):
                spans.append(Span(line, "image", *image))
        else:
            text.append(child.content)
    return "".join(text), spans


def _image(markup: str) -> tuple[str, str] | None:
    """An image written as HTML: its text, and where it is."""
    result: list[tuple[str, str]] = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            attributes = dict(attrs)
            if tag == "img":
                result.append((attributes.get("alt") or "", attributes.get("src") or ""))

    Reader().feed(markup)
    return result[0] if result else None
