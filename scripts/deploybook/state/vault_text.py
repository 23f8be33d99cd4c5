"""The text of a vault file. Each line is read, or the file is refused; each line is written back as it was, unless its value changes.

A line is blank, a comment, or ``NAME=value``, with or without ``export`` before and a comment behind it. A value stands in single quotes,
in double quotes, or bare, and means what it means to python-dotenv without interpolation. No value goes on in the next line.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Self

BYTE_ORDER_MARK = "\ufeff"
_BLANK = re.compile(r"[ \t]*(#.*)?")
_ASSIGNMENT = re.compile(r"(?P<head>[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*)(?P<rest>.*)")
_TAIL = r"(?P<tail>[ \t]*(?:#.*)?)"
_SINGLE = re.compile(rf"'(?P<value>(?:\\'|[^'])*)'{_TAIL}")
_DOUBLE = re.compile(rf'"(?P<value>(?:\\"|[^"])*)"{_TAIL}')
_BARE = re.compile(r"(?P<value>[^\s'\"#][^'\"]*?)(?P<tail>[ \t]*|[ \t]+#.*)")


class VaultSyntaxError(Exception):
    """A line that cannot be read: its number, from 1, and why. The line itself is not quoted: it may hold a secret."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(line, problem)
        self.line = line
        self.problem = problem


@dataclass(frozen=True)
class _Line:
    head: str
    value: str = ""
    tail: str = ""
    name: str = ""
    # The value as it is written in the file, quotes included.
    written: str = ""

    def __str__(self) -> str:
        return f"{self.head}{self.written}{self.tail}"


class VaultText:
    """The lines of one vault file. ``changed`` and ``without`` return another text and leave this one as it is."""

    def __init__(self, lines: Collection[_Line] = ()) -> None:
        self._lines = tuple(lines)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The text of a file's bytes; raises VaultSyntaxError for the first line that is no line of a vault, or a name's second."""
        lines: list[_Line] = []
        first_seen: dict[str, int] = {}
        for number, text in enumerate(_decode(data).split("\n"), 1):
            line = _parse_line(number, text)
            if line.name and first_seen.setdefault(line.name, number) != number:
                raise VaultSyntaxError(number, f"{line.name} is already on line {first_seen[line.name]}")
            lines.append(line)
        return cls(lines)

    def values(self) -> dict[str, str]:
        """Every value by its name."""
        return {line.name: line.value for line in self._lines if line.name}

    def changed(self, values: Mapping[str, str]) -> VaultText:
        """With these values: in place where the name stands, else in new lines at the end."""
        present = self.values()
        kept = [_with_value(line, values[line.name]) if line.name in values else line for line in self._lines]
        added = [_new_line(name, value) for name, value in values.items() if name not in present]
        return VaultText(_appended(kept, added))

    def without(self, names: Collection[str]) -> VaultText:
        """Without the lines of these names."""
        return VaultText([line for line in self._lines if not line.name or line.name not in names])

    @property
    def empty(self) -> bool:
        """Whether nothing but white space is left."""
        return not str(self).strip(f"{BYTE_ORDER_MARK} \t\r\n")

    def __str__(self) -> str:
        return "\n".join(str(line) for line in self._lines)


def _decode(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise VaultSyntaxError(1, "it is UTF-16, not UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise VaultSyntaxError(data.count(b"\n", 0, problem.start) + 1, "it is not UTF-8") from None


def _parse_line(number: int, text: str) -> _Line:
    # The mark and a carriage return belong to whoever wrote the file: they are kept, and are no part of what the line says.
    mark = BYTE_ORDER_MARK if number == 1 and text.startswith(BYTE_ORDER_MARK) else ""
    ending = "\r" if text.endswith("\r") else ""
    content = text[len(mark) : len(text) - len(ending)]
    if any(unicodedata.category(character) == "Cc" and character != "\t" for character in content):
        raise VaultSyntaxError(number, "it has a control character")
    if _BLANK.fullmatch(content):
        return _Line(text)
    match = _ASSIGNMENT.fullmatch(content)
    if match is None:
        raise VaultSyntaxError(number, "it is neither NAME='value' nor a comment")
    return _with_rest(number, mark, match, ending)


def _with_rest(number: int, mark: str, match: re.Match[str], ending: str) -> _Line:
    name, rest = match["name"], match["rest"]
    for pattern, decode in ((_SINGLE, _decode_single), (_DOUBLE, _decode_double), (_BARE, str)):
        if value := pattern.fullmatch(rest):
            written = rest[: len(rest) - len(value["tail"])]
            return _Line(mark + match["head"], decode(value["value"]), value["tail"] + ending, name, written)
    if not rest or rest.startswith("#"):
        raise VaultSyntaxError(number, f"{name} has no value")
    raise VaultSyntaxError(number, f"the quotes of {name} do not match")


def _decode_single(text: str) -> str:
    return re.sub(r"\\([\\'])", r"\1", text)


def _decode_double(text: str) -> str:
    return re.sub(r"\\[\\'\"abfnrtv]", lambda match: codecs.decode(match[0], "unicode-escape"), text)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _with_value(line: _Line, value: str) -> _Line:
    # The same value keeps the quotes that its author gave it.
    return line if line.value == value else replace(line, value=value, written=_quoted(value))


def _new_line(name: str, value: str) -> _Line:
    return _Line(f"{name}=", value, "", name, _quoted(value))


def _appended(lines: list[_Line], added: list[_Line]) -> list[_Line]:
    """``added`` after ``lines``, with a line break at the end (the last of ``lines`` is empty if the text had one)."""
    if not added:
        return lines
    ended = bool(lines) and not str(lines[-1])
    return [*(lines[:-1] if ended else lines), *added, _Line("")]
