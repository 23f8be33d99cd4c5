"""Signing keys and the JWTs made with them, in the form that libSQL's server checks (libsql-server ``src/auth``)."""

from __future__ import annotations

import re
import time
import uuid
from enum import StrEnum

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NEVER = -1

_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>\d+){unit})?" for unit in _UNITS))


class Authorization(StrEnum):
    """What a database token allows; the values are those of the query parameter ``authorization``."""

    FULL_ACCESS = "full-access"
    READ_ONLY = "read-only"


def lifetime(expiration: str) -> int:
    """Seconds in ``2w1d30m`` (weeks, days, hours, minutes, seconds, in that order), ``NEVER`` for ``never``.

    Raises ValueError for anything else. Source: ``expiration`` of createDatabaseToken; ``7d3h2m1s`` in the CLI's page.
    """
    if expiration == "never":
        return NEVER
    match = _DURATION.fullmatch(expiration)
    seconds = sum(int(match[unit] or 0) * size for unit, size in _UNITS.items()) if match else 0
    if not seconds:
        raise ValueError(expiration)
    return seconds


class SigningKey:
    """An Ed25519 key: of one database, of one group, or of the platform itself. The private half is only in memory."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()

    def __getstate__(self) -> bytes:
        return self._private.private_bytes_raw()

    def __setstate__(self, state: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(state)

    def public_pem(self) -> str:
        """The public half, as ``sqld --auth-jwt-key-file`` reads it (several may stand in one file)."""
        return self._private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, claims: dict[str, object]) -> str:
        """A JWT with these claims."""
        return jwt.encode(claims, self._private, algorithm="EdDSA")

    def mint(
        self, authorization: Authorization, seconds: int, *, group: str | None = None, now: float | None = None
    ) -> str:
        """A database token: ``a`` is the permission, ``rid`` makes each distinct, one that never ends has no ``exp``.

        The server lets a token live for 60 s after ``exp`` (its library's leeway). Turso's own tokens also have ``id``,
        the database's namespace on its shared servers. Here each database has a server to itself, whose only namespace
        is ``default``: the claim is left out, and the key alone ties the token to its database. ``now`` is for making
        an old token.
        """
        issued = int(time.time() if now is None else now)
        claims: dict[str, object] = {
            "a": "ro" if authorization is Authorization.READ_ONLY else "rw",
            "iat": issued,
            "rid": str(uuid.uuid4()),
        }
        if group:
            claims["gid"] = group
        if seconds != NEVER:
            claims["exp"] = issued + seconds
        return self.sign(claims)
