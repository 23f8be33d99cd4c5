"""The commands of a shell block, as far as they can be told without running it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]*)>")
_OPERATORS = frozenset({"|", "||", "&&", ";", "&", "(", ")", "\n"})
_REDIRECTIONS = frozenset({">", ">>", "<", "2>", "&>"})
_KEYWORDS = frozenset({"do", "then", "else", "!", "if", "elif", "while", "until", "time"})
_ENDS = frozenset({"done", "fi", "esac", "for", "case", "function", "in"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_INNER = re.compile(r"\$\(([^()]*)\)")


@dataclass(frozen=True)
class Command:
    """One simple command; ``line`` counts from the block's first line, which is 0."""

    line: int
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """The program."""
        return self.words[0]

    @property
    def arguments(self) -> tuple[str, ...]:
        """What it is given."""
        return self.words[1:]


@lru_cache(maxsize=2048)
def commands(text: str) -> tuple[Command, ...]:
    """Every simple command, those within ``$(…)`` included. Raises ValueError for a quotation that does not end."""
    return tuple(_commands(PLACEHOLDER.sub(r"\1", text)))


def named(text: str) -> str:
    """The text with each placeholder's name in its place, so that the shell's grammar does not see a redirection."""
    return PLACEHOLDER.sub(r"\1", text)


def _commands(text: str) -> Iterator[Command]:
    for number, logical in _logical_lines(text):
        for inner in _INNER.findall(logical):
            yield from (Command(number + each.line, each.words) for each in _commands(inner))
        words: list[str] = []
        skip = False
        for token in [*_tokens(logical), "\n"]:
            if token in _OPERATORS:
                if found := _simple(words):
                    yield Command(number, found)
                words, skip = [], False
            elif token in _REDIRECTIONS:
                skip = True
            elif skip:
                skip = False
            else:
                words.append(token)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines, joined where one goes on in the next."""
    start, joined = 0, ""
    for number, line in enumerate(text.splitlines()):
        if not joined:
            start = number
        joined += line.removesuffix("\\") if line.endswith("\\") else line
        if line.endswith(("\\", "|", "&&")) or not _complete(joined):
            joined += " " if line.endswith(("\\", "|", "&&")) else "\n"
            continue
        yield start, joined
        joined = ""
    if joined:
        yield start, joined


def _complete(text: str) -> bool:
    try:
        _tokens(text)
    except ValueError:
        return False
    return True


def _tokens(text: str) -> list[str]:
    reader = shlex.shlex(text, posix=True, punctuation_chars="|&;()<>")
    reader.whitespace_split = True
    return list(reader)


def _simple(words: list[str]) -> tuple[str, ...]:
    """The words of a command without what stands before it, env and what that changes too; empty for what is none."""
    rest = list(words)
    while rest and (rest[0] in _KEYWORDS | {"env"} or _ASSIGNMENT.match(rest[0])):
        rest.pop(0)
        while rest[:1] == ["-u"]:
            del rest[:2]
    if not rest or rest[0] in _ENDS or rest[0].startswith("$"):
        return ()
    if rest[0] == "npx":
        rest = [word for word in rest[1:] if word != "--yes"]
    return tuple(rest)
