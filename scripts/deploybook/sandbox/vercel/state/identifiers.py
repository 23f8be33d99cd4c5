"""Identifiers and times as Vercel makes them."""

from __future__ import annotations

import secrets
import string
import time

_ALPHABET = string.ascii_letters + string.digits


def mint(prefix: str = "", length: int = 28) -> str:
    """A fresh identifier: ``prefix`` and ``length`` letters and digits, for instance ``prj_…`` and ``dpl_…``."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


class _Clock:
    """Milliseconds since the epoch that never repeat: lists page by creation time, which must tell any two resources apart."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> int:
        self._last = max(self._last + 1, int(time.time() * 1000))
        return self._last


now = _Clock()
