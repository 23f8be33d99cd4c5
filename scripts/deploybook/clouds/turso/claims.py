"""The claims in a database token, and Turso's format of a lifetime. Nothing here proves that a token is accepted.

Sources: libsql-server ``src/auth`` (claims ``a``, ``iat``, ``exp``), createDatabaseToken (``expiration=2w1d30m``).
"""

from __future__ import annotations

import base64
import datetime
import json
import re
import time
from dataclasses import dataclass

from pydantic import SecretStr

from deploybook.errors import InvalidValue

NEVER = "never"
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_LIFETIME = re.compile("".join(rf"(?:(?P<{unit}>[1-9][0-9]*){unit})?" for unit in _UNITS))


@dataclass(frozen=True)
class Claims:
    """A token's own words: ``expires`` and ``issued`` in epoch seconds, None where it does not say."""

    expires: int | None = None
    issued: int | None = None
    read_only: bool = False

    @property
    def expired(self) -> bool:
        """Whether its time is over by this machine's clock."""
        return self.expires is not None and self.expires <= time.time()

    @property
    def lifetime(self) -> int | None:
        """Seconds from issue to expiry; None if it never expires, or does not say when it was issued."""
        return self.expires - self.issued if self.expires is not None and self.issued is not None else None

    def described(self) -> str:
        """For a line: when it expires."""
        if self.expires is None:
            return "the token never expires"
        return f"the token expires on {datetime.datetime.fromtimestamp(self.expires, datetime.UTC):%Y-%m-%d}"


def read_claims(token: SecretStr) -> Claims:
    """The claims of a token; of something that is no JWT, none."""
    parts = token.get_secret_value().split(".")
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        expires, issued = payload.get("exp"), payload.get("iat")
        return Claims(
            None if expires is None else int(expires), None if issued is None else int(issued), payload.get("a") == "ro"
        )
    except (LookupError, ValueError, TypeError, AttributeError):
        return Claims()


def seconds_of(expiration: str) -> int | None:
    """The seconds of ``never`` (None) or ``2w1d30m``; raises InvalidValue for anything else."""
    if expiration == NEVER:
        return None
    match = _LIFETIME.fullmatch(expiration)
    if not expiration or match is None:
        raise InvalidValue(
            f"{expiration!r} is not a valid lifetime for a token.",
            "Use never, or weeks, days, hours, minutes such as 2w1d30m.",
        )
    return sum(int(match[unit] or 0) * size for unit, size in _UNITS.items())


def written(seconds: int | None) -> str:
    """The other way round: ``90061`` is ``1d1h1m1s``, None is ``never``."""
    if seconds is None:
        return NEVER
    text = ""
    for unit, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
