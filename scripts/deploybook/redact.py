"""Redaction: masks every known secret, in each simple encoding, in all that is written, and removes control characters."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

MASK = "••••••"
# Shorter values would mask ordinary words and numbers; the contract's secrets are all longer.
SHORTEST = 8
# A half of a secret is masked as well if it is as long as this: shorter ones are not enough to go on with.
SHORTEST_HALF = 16
# Texts that were found clean or cleaned: an executed copy is cleaned anew at each of its saves.
REMEMBERED = 4096

# ECMA-48: what a terminal acts upon. CSI and OSC sequences go with their parameters; then every C0 and C1 control but tab and line feed,
# and the controls of writing direction (Unicode UAX #9), by which a text can be made to look like another.
_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

T = TypeVar("T")


def without_controls(text: str) -> str:
    """``text`` as a terminal may show it: without escape sequences and control characters; lines end with a line feed."""
    if text.isprintable():
        return text
    return _CONTROLS.sub("", _SEQUENCES.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


class Redactor:
    """Replaces every known secret by ``MASK``, in each form that ``forms_of`` lists, and removes control characters."""

    def __init__(self, secrets: Iterable[SecretStr] = ()) -> None:
        self._known: set[str] = set()
        # The forms by their first characters, the longest first: a text is gone through once, however many forms there are.
        self._forms: dict[str, list[str]] = {}
        self._cleaned: dict[str, str] = {}
        self.learn(secrets)

    def learn(self, secrets: Iterable[SecretStr]) -> None:
        """Add secrets to mask from now on."""
        values = {secret.get_secret_value() for secret in secrets} - self._known
        for value in values:
            for form in forms_of(value):
                same_start = self._forms.setdefault(form[:SHORTEST], [])
                if form not in same_start:
                    same_start.append(form)
                    same_start.sort(key=len, reverse=True)
        if values:
            self._known |= values
            self._cleaned.clear()

    def text(self, value: str) -> str:
        """``value`` without any known secret, and without control characters."""
        if (cleaned := self._cleaned.get(value)) is None:
            # Controls go first: a secret that is broken up by them would be whole again afterwards.
            cleaned = self._masked(without_controls(value))
            if len(self._cleaned) >= REMEMBERED:
                self._cleaned.clear()
            self._cleaned[value] = cleaned
        return cleaned

    def tree(self, value: T) -> T:
        """A copy of nested dicts, lists and strings, each string as ``text`` gives it, keys included."""
        return self._tree(value)  # type: ignore[no-any-return]

    def _tree(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            cleaned = {self._tree(key): self._tree(item) for key, item in value.items()}
            return cleaned if type(value) is dict else type(value)(cleaned)
        if isinstance(value, list | tuple):
            return type(value)(self._tree(item) for item in value)
        return value

    def _masked(self, text: str) -> str:
        parts: list[str] = []
        position = 0
        for start, end in self._spans(text):
            parts += [text[position:start], MASK]
            position = end
        return "".join([*parts, text[position:]]) if parts else text

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """The spans of known forms. Overlapping ones are merged: a rest of either would reveal the secret."""
        begin = end = 0
        forms = self._forms
        for at in range(len(text) - SHORTEST + 1):
            if (same_start := forms.get(text[at : at + SHORTEST])) is None:
                continue
            form = next((form for form in same_start if text.startswith(form, at)), None)
            if form is None:
                continue
            if at >= end:
                if end:
                    yield begin, end
                begin = at
            end = max(end, at + len(form))
        if end:
            yield begin, end


def forms_of(value: str) -> set[str]:
    """Every form in which a secret is masked: it and its longer halves; each as it is, reversed, and in each simple encoding."""
    forms: set[str] = set()
    for part in _parts(value):
        forms |= {part, part[::-1], *_escaped(part), *_in_hex(part), *_in_base32(part), *_in_base64(part)}
    return {form for form in forms if len(form) >= SHORTEST}


def _parts(value: str) -> Iterator[str]:
    if len(value) < SHORTEST:
        return
    yield value
    middle = (len(value) + 1) // 2
    for half in (value[:middle], value[len(value) // 2 :]):
        # The beginning of an address is no secret: masking it would hide whom a message is about.
        if len(half) >= SHORTEST_HALF and "://" not in half:
            yield half


def _escaped(value: str) -> set[str]:
    raw = value.encode()
    percent = "".join(f"%{byte:02x}" for byte in raw)
    quoted = {quote(value, safe=""), quote(value), quote_plus(value)}
    lower = {re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in quoted}
    in_json = json.dumps(value)[1:-1]
    unescaped = json.dumps(value, ensure_ascii=False)[1:-1]
    points = "".join(f"\\u{ord(character):04x}" for character in value)
    bytewise = "".join(f"\\x{byte:02x}" for byte in raw)
    in_html = {html.escape(value, quote=False), html.escape(value), html.escape(value).replace("&#x27;", "&#39;")}
    in_shell = value.replace("'", "'\\''")
    slashed = {in_json.replace("/", "\\/"), unescaped.replace("/", "\\/")}
    # An address that was put into an address is escaped twice.
    twice = {quote(form, safe="") for form in quoted}
    written = {in_json, unescaped, points, bytewise, in_shell, repr(value)[1:-1], repr(raw)[2:-1]}
    return {percent, percent.upper(), *quoted, *lower, *twice, *written, *slashed, *in_html}


def _in_hex(value: str) -> set[str]:
    raw = value.encode()
    forms = {raw.hex(separator) if separator else raw.hex() for separator in ("", ":", " ", "-")}
    return {*forms, *(form.upper() for form in forms)}


def _in_base32(value: str) -> set[str]:
    encoded = base64.b32encode(value.encode()).decode().rstrip("=")
    return {encoded, encoded.lower()}


def _in_base64(value: str) -> set[str]:
    """In base64 a value looks different at each of three offsets; the characters at the edges mix with what surrounds it."""
    raw = value.encode()
    forms = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * offset + raw).decode().rstrip("=")
            start = (offset * 8 + 5) // 6
            forms.add(encoded[start : len(encoded) - (1 if (offset + len(raw)) % 3 else 0)])
    return forms


def fingerprint(secret: SecretStr, salt: str = "deploybook") -> str:
    """Eight hex digits by which two holders can compare a secret without showing it."""
    return _slow_hash(secret.get_secret_value(), salt)


@lru_cache(maxsize=512)
def _slow_hash(value: str, salt: str) -> str:
    """Slow, so that short secrets are not guessed from a published fingerprint; kept, as a run compares each value several times."""
    return hashlib.scrypt(value.encode(), salt=salt.encode(), n=2**12, r=8, p=1, dklen=4).hex()
