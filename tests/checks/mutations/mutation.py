"""One small mutation: a file, what is replaced in it, and by what."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Change = Callable[[re.Match[str]], str | None]


@dataclass(frozen=True)
class Mutation:
    """``kind`` is the rule that made it; ``start`` and ``end`` are places in the file's text."""

    kind: str
    path: str
    start: int
    end: int
    new: str

    def applied(self, text: str) -> str:
        """The file's text with the mutation in it."""
        return text[: self.start] + self.new + text[self.end :]

    def diff(self, text: str) -> str:
        """What a reviewer would see of it."""
        lines = difflib.unified_diff(text.splitlines(), self.applied(text).splitlines(), lineterm="", n=0)
        changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
        return "\n".join(line if len(line) < 200 else _around(line, self.new) for line in changed[:6])


def _around(line: str, new: str) -> str:
    middle = max(line.find(new[:20]), 80)
    return f"{line[0]}…{line[middle - 80 : middle + 100]}…"


def replaced(kind: str, path: str, text: str, pattern: str, change: Change, group: int | str = 0) -> Iterator[Mutation]:
    """A mutation for every match, of one group of it; none where ``change`` gives None or the same."""
    for match in re.finditer(pattern, text, re.MULTILINE):
        new = change(match)
        if new is not None and new != match[group]:
            yield Mutation(kind, path, match.start(group), match.end(group), new)


def misspelt(word: str) -> str:
    """The word with its last letter or digit but one taken out, so that it still looks right."""
    letters = [place for place, letter in enumerate(word) if letter.isalnum()]
    place = letters[-2] if len(letters) > 2 else letters[-1]
    return word[:place] + word[place + 1 :]


def following(word: str, words: list[str]) -> str:
    """Another one of the same kind: the next."""
    others = sorted(set(words))
    return others[(others.index(word) + 1) % len(others)] if word in others else others[0]
