"""A sensitive variable can't be read back: its comment carries a salted fingerprint of what was written."""

from __future__ import annotations

import re
import secrets

from pydantic import SecretStr

from deploybook.redact import fingerprint

# A salt for each variable: equal secrets must not show as equal comments.
# The form is read by every clone: it depends on the value and on the mark of the write, on nothing of this machine.
FORM = re.compile(r"deploybook:(?P<salt>[0-9a-f]{16}):(?P<digest>[0-9a-f]{8})")


def comment_for(value: SecretStr) -> str:
    """A comment that says nothing of the value but lets the same value be recognised."""
    salt = secrets.token_hex(8)
    return f"deploybook:{salt}:{fingerprint(value, salt)}"


def matches(comment: str | None, value: SecretStr) -> bool:
    """Whether the comment was made for this value."""
    match = FORM.fullmatch(comment or "")
    return match is not None and fingerprint(value, match["salt"]) == match["digest"]
