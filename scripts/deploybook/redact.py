"""Redaction: no known secret in anything that is written, whatever form it was given."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

MASK = "••••••"
# Shorter values would mask ordinary words and numbers; the contract's secrets are all longer.
SHORTEST = 8

T = TypeVar("T")


class Redactor:
    """Replaces every known secret, raw, URL-encoded, JSON-escaped or in base64, by ``MASK``."""

    def __init__(self, secrets: Iterable[SecretStr] = ()) -> None:
        self._forms: list[str] = []
        self.learn(secrets)

    def learn(self, secrets: Iterable[SecretStr]) -> None:
        """Know more secrets from now on."""
        forms = set(self._forms)
        for secret in secrets:
            value = secret.get_secret_value()
            if len(value) >= SHORTEST:
                forms |= _forms_of(value)
        # Longest first, so that a form that contains another is replaced whole.
        self._forms = sorted(forms, key=len, reverse=True)

    def text(self, value: str) -> str:
        """``value`` without any known secret."""
        for form in self._forms:
            if form in value:
                value = value.replace(form, MASK)
        return value

    def tree(self, value: T) -> T:
        """A copy of nested dicts, lists and strings without any known secret, keys included."""
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


def _forms_of(value: str) -> set[str]:
    raw = value.encode()
    forms = {value, quote(value, safe=""), quote(value), quote_plus(value), json.dumps(value)[1:-1], repr(value)[1:-1]}
    # In base64 a value looks different at each of three offsets; the characters at the edges mix with what surrounds it.
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * offset + raw).decode().rstrip("=")
            start = (offset * 8 + 5) // 6
            inner = encoded[start : len(encoded) - (1 if (offset + len(raw)) % 3 else 0)]
            if len(inner) >= SHORTEST:
                forms.add(inner)
    forms.add(base64.b64encode(raw).decode())
    return forms


def fingerprint(secret: SecretStr, salt: str = "deploybook") -> str:
    """Eight hex digits by which two holders can compare a secret without showing it."""
    # A slow hash: short secrets must not be guessed from a published fingerprint.
    digest = hashlib.scrypt(secret.get_secret_value().encode(), salt=salt.encode(), n=2**12, r=8, p=1, dklen=4)
    return digest.hex()
