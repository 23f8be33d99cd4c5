"""Replaces secrets, ids and names in a provider's answer. What is not known to be a word of the provider's is replaced.

| where | kept as it is | replaced |
|---|---|---|
| a field that holds a name or a value (``NAMING``) | a text of our own sources, unless the operator chose it | anything else |
| a part of a path | words of our own sources, unless the operator chose the whole part | anything else |
| any other text | a text of our own sources, their words, times, numbers of up to four digits | what the operator chose, and other words |
| a number in a field ``id``, ``…Id``, ``…_id`` | | it |
| a key of an object | what looks like a field's name, unless the operator chose it | as any other text |

Equal values are replaced by equal ones, each of the same kind as what it stands for: a recording can be played to a client.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from deploybook.recordings.vocabulary import WORD, literals, words
from deploybook.redact import MASK, Redactor

# fmt: off
NAMING = frozenset({
    "alias", "author", "avatar", "creator", "description", "domain", "email", "hostname", "login", "name",
    "namespace", "org", "owner", "path", "repo", "repository", "rootDirectory", "slug", "title", "user",
    "username", "value",
})
# Parts of a name that are everybody's: of an address, and of the providers' own domains.
PUBLIC = frozenset({
    "app", "com", "dev", "github", "http", "https", "io", "modal", "net", "onrender", "org", "r2", "run", "turso",
    "vercel", "www",
})
# fmt: on
SHORTEST = 3
LONGEST_TEXT = 4000
_FIELD = re.compile(r"[A-Za-z_][A-Za-z_-]*\d{0,2}")
_IDENTIFIER = re.compile(r"(?:.*_)?u?id|.*[a-z](?:Id|ID|Uid)", re.DOTALL)
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_TIME = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d[\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?"
# Base64 and the like: taken apart at its slashes it would not be as long as before.
_OPAQUE = r"(?<![^\W_])(?=\S*[A-Z])(?=\S*[a-z])(?=\S*\d)[A-Za-z0-9+/]{24,}(?![^\W_])"
# What a provider's ids begin with, as in ``prj_…``.
_PREFIX = r"(?<![^\W_])[a-z]{2,5}(?=[_-](?=\w*\d)[A-Za-z0-9]{20,}(?![^\W_]))"
_PART = re.compile(rf"(?P<time>{_TIME})|(?P<prefix>{_PREFIX})|(?P<uuid>{_UUID})|{_OPAQUE}|{WORD.pattern}")
# What this module puts in place of a value.
REPLACED = re.compile(r"(?<![^\W_])(?:name\d+|0{4,}[0-9a-f]*|90{2,}\d+|x{2,}\d+)(?![^\W_])")
LONGEST_NAME = 16


class Replacer:
    """Replaces in one recording. ``chosen`` are the names and ids that the operator chose or that the environment has."""

    def __init__(self, chosen: Iterable[str], redactor: Redactor) -> None:
        self._redactor = redactor
        self._replaced: dict[str, str] = {}
        self._chosen = {value for value in chosen if len(value) >= SHORTEST and not value.isdigit()}
        longest_first = sorted(self._chosen - literals(), key=len, reverse=True)
        wholes = "|".join(map(re.escape, longest_first))
        self._whole = re.compile(rf"(?<![^\W_])(?:{wholes})(?![^\W_])") if wholes else None

    def body(self, value: Any, field: str = "") -> Any:
        """A JSON value without secrets, ids and names; ``field`` is where it stands."""
        if isinstance(value, str):
            return self._name(value) if field in NAMING else self.text(value)
        if isinstance(value, dict):
            return {self._key(key): self.body(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self.body(item, field) for item in value]
        if isinstance(value, int) and not isinstance(value, bool) and _IDENTIFIER.fullmatch(field):
            return int(self._stand_in(f"{value:06d}"))
        return value

    def text(self, value: str) -> str:
        """A text, or the value of a header."""
        if value in literals():
            return value
        cleaned = self._redactor.text(value)[:LONGEST_TEXT]
        if self._whole is None:
            return self._words(cleaned)
        parts, position = [], 0
        for match in self._whole.finditer(cleaned):
            parts += [self._words(cleaned[position : match.start()]), self._parts_of_name(match[0])]
            position = match.end()
        return "".join([*parts, self._words(cleaned[position:])])

    def path(self, value: str) -> str:
        """A path, part by part."""
        return "/".join(
            self._parts_of_name(part) if part in self._chosen else self.text(part) for part in value.split("/")
        )

    def _key(self, key: str) -> str:
        return key if _FIELD.fullmatch(key) and key not in self._chosen - literals() else self.text(key)

    def _name(self, value: str) -> str:
        if value in literals() and value not in self._chosen:
            return value
        return self._parts_of_name(self._redactor.text(value)[:LONGEST_TEXT])

    def _parts_of_name(self, value: str) -> str:
        return _PART.sub(lambda match: match[0] if _is_public(match) else self._stand_in(match[0]), value)

    def _words(self, value: str) -> str:
        return _PART.sub(lambda match: match[0] if self._is_common(match) else self._stand_in(match[0]), value)

    @staticmethod
    def _is_common(match: re.Match[str]) -> bool:
        word = match[0]
        return _is_public(match) or (word.isdigit() and len(word) <= 4) or len(word) == 1 or word.lower() in words()

    def _stand_in(self, value: str) -> str:
        if MASK in value:
            return value
        if value not in self._replaced:
            self._replaced[value] = _like(value, len(self._replaced) + 1)
        return self._replaced[value]


def _is_public(match: re.Match[str]) -> bool:
    return bool(match["time"] or match["prefix"]) or match[0] in PUBLIC


def _like(value: str, number: int) -> str:
    """The stand-in with this number. It has the kind of ``value`` and, unless it is a name, its length."""
    length = len(value)
    if re.fullmatch(_UUID, value):
        return f"00000000-0000-4000-8000-{number:012d}"
    if value.isdigit():
        return f"9{number:0{max(length - 1, 5)}d}"
    if re.fullmatch(r"[0-9a-f]{8,}", value):
        return f"{number:0{length}x}"
    if value.isalpha() and length < LONGEST_NAME:
        return f"name{number}"
    return str(number).rjust(max(length, 5), "x")
