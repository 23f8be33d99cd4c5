"""Identifiers as Render makes them: a prefix and twenty base-32 characters that sort by time."""

from __future__ import annotations

import base64
import itertools
import secrets
import time

_ALPHABET = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghijklmnopqrstuv")
_machine = secrets.token_bytes(5)
_counter = itertools.count(secrets.randbelow(2**16))


def xid(prefix: str) -> str:
    """A new identifier, greater than every one made before it (pages are ordered by it)."""
    # The counter is never masked to less than its byte width within a sandbox's life, so the order holds in a second.
    raw = int(time.time()).to_bytes(4, "big") + _machine + next(_counter).to_bytes(3, "big")
    return f"{prefix}-{base64.b32encode(raw).translate(_ALPHABET).decode().rstrip('=')}"
