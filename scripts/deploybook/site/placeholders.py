"""Placeholders in the published pages' code: each becomes an element that the page's script can fill with the reader's own name.

Marked in the Markdown, where a block's language and its quotation marks can be read, and made into elements after it has been coloured:
private characters (Unicode, *Private Use Areas*) carry the marks through, which no source has.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator, Mapping

from deploybook.errors import DocsError
from deploybook.guide.markdown import FENCE
from deploybook.guide.shell import DOUBLE, NOWHERE, OPEN, PLACEHOLDER, SINGLE, TEXT, places
from deploybook.site.names import ENVIRONMENT

# What is filled: a name, and the options of a command that has such names as parameters.
CLASS, OPTIONS = "db-name", "db-options"

_BEGIN, _END = "\ue000", "\ue00f"
_KINDS = {NOWHERE: "\ue001", OPEN: "\ue002", DOUBLE: "\ue003", SINGLE: "\ue004", TEXT: "\ue005"}
_SLOT_SIGN = "\ue006"
_LEFT = re.compile("[\ue000-\ue00f]")
_MARK = re.compile(f"{_BEGIN}(?P<name>[A-Z0-9_]+)(?P<kind>[\ue001-\ue005]){_END}")
_SLOT = re.compile(f"{_SLOT_SIGN}(?P<names>[A-Z0-9_,]*){_END}")
_INLINE = re.compile(r"(?<!`)(?P<ticks>`+)(?P<text>[^`\n]+?)(?P=ticks)(?!`)")
_RUN = re.compile(
    r"(?P<command>^\s*deploybook run(?P<sections>(?: [a-z][a-z0-9_]*)*) --mode (?!dry-run)[a-z]+)(?P<rest>.*)$",
    re.MULTILINE,
)
_OTHER = re.compile(r"(?P<command>^\s*deploybook (?:env (?:list|status|export)|doctor))(?P<rest>.*)$", re.MULTILINE)

# Which placeholders a section's runbook takes as parameters.
Parameters = Mapping[str, Collection[str]]


def marked(text: str, names: Collection[str], parameters: Parameters) -> str:
    """Markdown in which every known placeholder that stands in code is marked, and where deploybook's own options are to go."""
    return "".join(
        _block(piece, language, names, parameters) if language is not None else _prose(piece, names)
        for piece, language in _pieces(text)
    )


def elements(page: str, path: str) -> str:
    """The page's HTML with an element for each mark. Raises DocsError if one was torn apart."""
    page = _MARK.sub(lambda match: _element(match["name"], match["kind"]), page)
    page = _SLOT.sub(lambda match: f'<span class="{OPTIONS}" data-names="{match["names"]}"></span>', page)
    if torn := _LEFT.search(page):
        around = html.unescape(re.sub(r"<[^>]+>", "", page[torn.start() - 80 : torn.start() + 80]))
        raise DocsError(path, 1, f"a placeholder was torn apart when its block was coloured, near {around!r}")
    return page


def has_any(page: str) -> bool:
    """Whether a page's HTML has something for the script to fill."""
    return f'class="{CLASS}"' in page or f'class="{OPTIONS}"' in page


def _element(name: str, kind: str) -> str:
    quoting = next(place for place, sign in _KINDS.items() if sign == kind)
    return f'<var class="{CLASS}" data-name="{name}" data-place="{quoting}">&lt;{name}&gt;</var>'


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """The text in pieces: blocks of code, each with its language and without its fences, and all that is between them."""
    piece: list[str] = []
    mark, language = "", ""
    for line in text.splitlines(keepends=True):
        fence = FENCE.match(line)
        if mark and fence and fence["mark"].startswith(mark) and line.strip() == fence["mark"]:
            yield "".join(piece), language
            piece, mark = [line], ""
        elif not mark and fence:
            yield "".join([*piece, line]), None
            piece, mark = [], fence["mark"]
            language = line.strip()[len(mark) :].split(" ")[0].strip()
        else:
            piece.append(line)
    yield "".join(piece), language if mark else None


def _block(text: str, language: str, names: Collection[str], parameters: Parameters) -> str:
    if language != "sh":
        return _names(text, names, lambda _: TEXT)
    where = places(text, PLACEHOLDER)
    return _with_options(_names(text, names, lambda match: where[match.start()]), names, parameters)


def _prose(text: str, names: Collection[str]) -> str:
    def inline(match: re.Match[str]) -> str:
        words = match["text"]
        where = places(words, PLACEHOLDER) if " " in words.strip() else {}
        filled = _names(words, names, lambda match: where.get(match.start(), TEXT))
        return f"{match['ticks']}{filled}{match['ticks']}"

    return _INLINE.sub(inline, text)


def _names(text: str, names: Collection[str], place: Callable[[re.Match[str]], str]) -> str:
    def mark(match: re.Match[str]) -> str:
        if match["name"] not in names:
            return match[0]
        return f"{_BEGIN}{match['name']}{_KINDS[place(match)]}{_END}"

    return PLACEHOLDER.sub(mark, text)


def _with_options(text: str, names: Collection[str], parameters: Parameters) -> str:
    """A mark where a command that speaks to the real clouds takes the names that are not the runbooks' defaults."""

    def run(match: re.Match[str]) -> str:
        sections = match["sections"].split() or list(parameters)
        wanted = dict.fromkeys(name for slug in sections for name in parameters.get(slug, ()) if name in names)
        return _slot(match, [ENVIRONMENT, *(name for name in wanted if name != ENVIRONMENT)])

    return _OTHER.sub(lambda match: _slot(match, [ENVIRONMENT]), _RUN.sub(run, text))


def _slot(match: re.Match[str], names: list[str]) -> str:
    values = [name for name in names if f"{_BEGIN}{name}" in match["rest"]]
    if ENVIRONMENT in names and "--environment" in match["rest"]:
        values.append(ENVIRONMENT)
    missing = ",".join(name for name in names if name not in values)
    return f"{match['command']}{_SLOT_SIGN}{missing}{_END}{match['rest']}"
