"""Object ids as Modal writes them: a two-letter type and 22 characters of base 62."""

from __future__ import annotations

import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def object_id(prefix: str) -> str:
    """A fresh id; the CLI tells an app's id from its name by exactly this form (``ap-`` and 22 characters)."""
    return f"{prefix}-{''.join(secrets.choice(ALPHABET) for _ in range(22))}"
