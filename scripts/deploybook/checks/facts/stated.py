"""What a sentence states that can be compared: what it sets as code or in emphasis, its numbers, and the words that make it strong.

Left out is what a rule compares wherever it stands: a number with a unit, a status, a count of the contract's things, a parameter's name,
several words that something says (output-quoted, name-exists).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

_TARGET = re.compile(r"\]\([^)]*\)")
_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*[^*]*\*\*")
_TERM = re.compile(r"(?<![*\w])\*([^*\s][^*]*)\*(?!\*)")
_NAMES = "two three four five six seven eight nine ten eleven twelve"
_NUMBERS = MappingProxyType({word: str(number) for number, word in enumerate(_NAMES.split(), 2)})
_NUMBER = re.compile(rf"(?<![\w.,-])(?:\d+(?:\.\d+)?|{'|'.join(_NUMBERS)})(?![\w-])", re.IGNORECASE)
# Of things that were named before it counts nothing new; of a step it is the name.
_NAMED_BEFORE = re.compile(r"\b(?:the|these|those|its|both|step) $", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r" (?:hex digits|digits|bytes|characters|seconds|minutes|hours|days|MB|variables|names|lines|secrets|keys|sections|modes|more lines|"
    r"ids)\b"
)
_STATUS = re.compile(r"[1-5]\d\d")
# In what is quoted: anything may stand there. The program's own name says nothing.
_OPEN = re.compile(r"<[A-Z][A-Z0-9_]*>|…|\b(?:NAME|VALUE|FILE|FOLDER|deploybook)\b")
# A button or a menu has no more words; what has is quoted from an output.
_LONGEST_TERM = 4
_PROGRAMS = ("deploybook", "modal", "vercel", "turso", "gh ", "git ")
_WORD = re.compile(r"[a-z0-9_]+")
_PART = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
# With one of these more or less, a sentence states something else.
_STRONG = re.compile(
    r"\b(?:never|always|only|alone|not?|none|nothing|nobody|neither|cannot|must|may|all|any|every|each|once|twice|before|after|first|last|"
    r"without|unless|until|except)\b",
    re.IGNORECASE,
)


class Stated(NamedTuple):
    """``quoted`` is set as code or in emphasis; ``numbers`` stand in digits or words; ``strong`` are the words that make it strong."""

    quoted: tuple[str, ...]
    numbers: tuple[str, ...]
    strong: tuple[str, ...]


@lru_cache(maxsize=8192)
def stated(sentence: str) -> Stated:
    """What a sentence states. The first cell of a row is what the row is about."""
    head, bar, rest = sentence.partition(" | ")
    bare = _TARGET.sub("]", rest if bar else head)
    plain = _BOLD.sub(" ", _CODE.sub(" ", bare))
    words = _TERM.sub(" ", plain)
    quoted = [text for text in _CODE.findall(bare) if not _compared_elsewhere(text)]
    strong = tuple(sorted(word.lower() for word in _STRONG.findall(words)))
    terms = (term for term in _TERM.findall(plain) if len(term.split()) <= _LONGEST_TERM)
    return Stated((*quoted, *terms), tuple(_numbers(words)), strong)


def states_the_same(sentence: str, other: str) -> bool:
    """Whether two sentences state the same, as far as it can be compared, whatever parameters and statuses they name."""
    return _everything(sentence) == _everything(other)


def _everything(sentence: str) -> tuple[frozenset[str], tuple[str, ...]]:
    plain = _BOLD.sub(" ", _CODE.sub(" ", sentence))
    numbers = (_NUMBERS.get(number.lower(), number) for number in _NUMBER.findall(plain))
    quoted = [*_CODE.findall(sentence), *_TERM.findall(plain), *_TARGET.findall(sentence)]
    return frozenset([*quoted, *numbers]), stated(sentence).strong


def _compared_elsewhere(code: str) -> bool:
    speech = len(code.split()) > 2 and not code.startswith(_PROGRAMS) and "--" not in code
    return code.startswith("-p") or speech or _STATUS.fullmatch(code) is not None


def _numbers(text: str) -> Iterator[str]:
    for match in _NUMBER.finditer(text):
        anew = not _NAMED_BEFORE.search(text[: match.start()])
        if anew and not _ELSEWHERE.match(text[match.end() :]) and not _STATUS.fullmatch(match[0]):
            yield match[0].lower()


@lru_cache(maxsize=4096)
def words_of(text: str) -> frozenset[str]:
    """The words of a text, in lower case; the parts of a name in snake case are words, too."""
    lower = text.lower()
    return frozenset(_WORD.findall(lower)) | frozenset(_PART.findall(lower))


def lacking(sentence: str, has: frozenset[str]) -> Iterator[str]:
    """What a sentence quotes and counts and none of these words is, as it stands in the sentence."""
    says = stated(sentence)
    for quoted in says.quoted:
        if not set(_WORD.findall(_OPEN.sub(" ", quoted).lower())) <= has:
            yield quoted
    yield from (
        number for number in says.numbers if not {number, number.lstrip("0"), _NUMBERS.get(number, number)} & has
    )
