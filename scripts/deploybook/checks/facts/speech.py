"""Whether the package says some words: a quotation against its strings, holes filled with anything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from http import HTTPStatus

from deploybook.checks.facts.sources import HOLE, Sources

# In a quotation: words that stand for others.
_OPEN = re.compile(r"…|<[A-Z][A-Z0-9_]*>|(?:NAME|OWNER|VALUE|NUMBER)(?:/NAME)?")
# A hole is rarely filled with more words than this.
_FILLED = 6


class Speech:
    """The strings of the package, ready to be compared with what a page quotes."""

    def __init__(self, strings: Collection[str]) -> None:
        self._strings = [_words(text) for text in strings if " " in text or HOLE in text]
        self._by_word: dict[str, set[int]] = {}
        for number, words in enumerate(self._strings):
            for word in words:
                if HOLE not in word:
                    self._by_word.setdefault(word, set()).add(number)
        self._whole = {_words(text) for text in strings}
        # The words before each hole but the first, of which two at least are the template's own.
        heads = (words[:place] for words in self._strings for place, word in enumerate(words) if word.startswith(HOLE))
        self._heads = {head for head in heads if sum(HOLE not in word for word in head) >= 2}
        self._kept: dict[str, bool] = {}

    def says(self, quotation: str) -> bool:
        """Whether the quotation is a part of something that the package can say."""
        if quotation not in self._kept:
            words = _words(quotation)
            self._kept[quotation] = self._says(words) or self._says_with_a_whole(words)
        return self._kept[quotation]

    def _says_with_a_whole(self, quoted: tuple[str, ...]) -> bool:
        """Whether its end is a string of its own that fills a template's hole: ``{service} could not {operation}``."""
        cuts = (cut for cut in range(2, len(quoted) - 1) if quoted[cut:] in self._whole)
        return any(_fills(head, quoted[:cut]) for cut in cuts for head in self._heads)

    def _says(self, quoted: tuple[str, ...]) -> bool:
        fixed = [word for word in quoted if not _OPEN.search(word)]
        strings_by_word = [self._by_word[word] for word in fixed if word in self._by_word]
        if not strings_by_word:
            return False
        likely = set.union(*strings_by_word)
        # At least half of the words are the string's own, of which one may have a hole within.
        least = max(1, (len(quoted) + 1) // 2 - 1 - (len(quoted) - len(fixed)))
        counts = Counter(number for numbers in strings_by_word for number in numbers)
        near = [number for number in likely if counts[number] >= least]
        return any(_contains(self._strings[number], quoted) for number in near)


def _words(text: str) -> tuple[str, ...]:
    spaced = re.sub(rf"{HOLE}+", HOLE, re.sub(r"\s+", " ", text))
    return tuple(word.strip("`'\",.;:()") for word in spaced.split(" ") if word.strip("`'\",.;:()"))


def _fills(head: tuple[str, ...], quoted: tuple[str, ...]) -> bool:
    """Whether some words are those before a template's hole, with one word in each other hole."""
    return len(head) == len(quoted) and all(part in (HOLE, word) for part, word in zip(head, quoted, strict=True))


def _contains(string: tuple[str, ...], quoted: tuple[str, ...]) -> bool:
    # What fills a hole is told by itself: most of a quotation is in the words around it.
    most = len(quoted) - (len(quoted) + 1) // 2
    first = quoted[0]
    # Most strings end here: a word that stands for no other begins only where it is, or where a hole is.
    anywhere = _OPEN.search(first) is not None
    starts = (start for start, word in enumerate(string) if anywhere or word == first or HOLE in word)
    return any(_begins(string[start:], quoted, most) for start in starts)


def _begins(string: tuple[str, ...], quoted: tuple[str, ...], most: int) -> bool:
    if most < 0:
        return False
    if not quoted:
        return True
    if not string:
        return all(_OPEN.fullmatch(word) for word in quoted)
    first, word = string[0], quoted[0]
    if first == HOLE:
        return any(_begins(string[1:], quoted[count:], most - count) for count in range(min(_FILLED, len(quoted)) + 1))
    if _OPEN.fullmatch(word):
        return any(_begins(string[count:], quoted[1:], most) for count in range(min(_FILLED, len(string)) + 1))
    return _same(first, word) and _begins(string[1:], quoted[1:], most)


def _same(first: str, word: str) -> bool:
    if HOLE not in first and not _OPEN.search(word):
        return first == word
    template = ".*".join(re.escape(part) for part in first.split(HOLE))
    sought = ".*".join(re.escape(part) for part in _OPEN.split(word))
    return re.fullmatch(template, word) is not None or re.fullmatch(sought, first) is not None


def statuses(sources: Sources) -> frozenset[str]:
    """The HTTP statuses that the code knows, by number or by name."""
    numbers = {number for module in sources.modules.values() for number in module.numbers if 100 <= number <= 599}
    return frozenset(
        str(status.value) for status in HTTPStatus if status.value in numbers or status.name in sources.names
    )
