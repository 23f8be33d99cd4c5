"""The addresses of web endpoints: ``<workspace>[-<environment>]--<label>``, one DNS label of at most 63 characters."""

from __future__ import annotations

import hashlib
import re

LIMIT = 63


def web_label(workspace: str, environment_suffix: str, wanted: str) -> tuple[str, bool]:
    """The first label of the endpoint's host name, and whether it had to be cut short (then it ends in a hash)."""
    place = f"{workspace}-{environment_suffix}" if environment_suffix else workspace
    full = f"{place}--{re.sub(r'[^a-z0-9-]+', '-', wanted.lower()).strip('-')}"
    if len(full) <= LIMIT:
        return full, False
    return f"{full[: LIMIT - 7]}-{hashlib.sha256(full.encode()).hexdigest()[:6]}", True
