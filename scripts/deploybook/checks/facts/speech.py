"""Whether the package says some words: a quotation against its strings, holes filled with anything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from http import HTTPStatus
from itertools import chain

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
                self._by_word.setdefault(HOLE if HOLE in word else word, set()).add(number)
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
        counts = Counter(chain.from_iterable(strings_by_word))
        quotation = _Quotation(quoted)
        if not quotation.open[0]:
            # Its first word is the string's own, or in a hole.
            likely &= self._by_word.get(quoted[0], set()) | self._by_word.get(HOLE, set())
        near = [number for number in likely if counts[number] >= least]
        return any(quotation.is_part_of(self._strings[number]) for number in near)


def _words(text: str) -> tuple[str, ...]:
    spaced = re.sub(rf"{HOLE}+", HOLE, re.sub(r"\s+", " ", text))
    return tuple(word.strip("`'\",.;:()") for word in spaced.split(" ") if word.strip("`'\",.;:()"))


def _fills(head: tuple[str, ...], quoted: tuple[str, ...]) -> bool:
    """Whether some words are those before a template's hole, with one word in each other hole."""
    return len(head) == len(quoted) and all(part in (HOLE, word) for part, word in zip(head, quoted, strict=True))


class _Quotation:
    """The words of a quotation; of each, whether something in it stands for others (``open``), the parts around that, and whether it
    is nothing else (``hole``)."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words
        self.open = [_OPEN.search(word) is not None for word in words]
        self.parts = [_OPEN.split(word) for word in words]
        self.hole = [_OPEN.fullmatch(word) is not None for word in words]

    def is_part_of(self, string: tuple[str, ...]) -> bool:
        """Whether the string has these words somewhere."""
        # What fills a hole is told by itself: most of a quotation is in the words around it.
        most = len(self.words) - (len(self.words) + 1) // 2
        first = self.words[0]
        # Most strings end here: a word that stands for no other begins only where it is, or where a hole is.
        starts = (start for start, word in enumerate(string) if self.open[0] or word == first or HOLE in word)
        return any(self._is_at(string, start, 0, most) for start in starts)

    def _is_at(self, string: tuple[str, ...], place: int, number: int, most: int) -> bool:
        """Whether the words from ``number`` on stand at a place of the string, of them at most ``most`` in its holes."""
        while most >= 0 and number < len(self.words):
            if place == len(string):
                return all(self.hole[number:])
            if string[place] == HOLE:
                counts = range(min(_FILLED, len(self.words) - number) + 1)
                return any(self._is_at(string, place + 1, number + count, most - count) for count in counts)
            if self.hole[number]:
                counts = range(min(_FILLED, len(string) - place) + 1)
                return any(self._is_at(string, place + count, number + 1, most) for count in counts)
            if not self._is_word(string[place], number):
                return False
            place, number = place + 1, number + 1
        return most >= 0

    def _is_word(self, said: str, number: int) -> bool:
        return _fits(said.split(HOLE), self.words[number]) or (self.open[number] and _fits(self.parts[number], said))


def _fits(parts: list[str], word: str) -> bool:
    """Whether a word consists of these parts, with anything between two of them."""
    if len(parts) == 1:
        return word == parts[0]
    first, *between, last = parts
    place = len(first)
    if not word.startswith(first):
        return False
    for part in between:
        place = word.find(part, place) + len(part)
        if place < len(part):
            return False
    return word.endswith(last) and len(word) - len(last) >= place


def statuses(sources: Sources) -> frozenset[str]:
    """The HTTP statuses that the code knows, by number or by name."""
    numbers = {number for module in sources.modules.values() for number in module.numbers if 100 <= number <= 599}
    return frozenset(
        str(status.value) for status in HTTPStatus if status.value in numbers or status.name in sources.names
    )
