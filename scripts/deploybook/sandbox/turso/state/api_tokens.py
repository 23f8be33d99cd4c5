"""Platform API tokens: whom they belong to, what they are restricted to, and the vocabulary of scopes.

Source: turso-docs ``api-reference/authentication.mdx`` (restrictions, scopes, presets, lifecycle), createAPIToken.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from deploybook.sandbox.turso.state.keys import SigningKey
from deploybook.sandbox.turso.state.refusals import (
    conflict,
    forbidden,
    invalid,
    not_found,
    unauthorized,
)

SCOPES = (
    "read",
    "db:create",
    "db:delete",
    "db:configure",
    "db:mint-token",
    "db:rotate-creds",
    "group:configure",
    "group:mint-token",
    "group:rotate-creds",
)
# What no scope includes: only an organization's token may do it.
ORGANIZATION = "organization"
PRESETS = {"read-only": ("read",), "full-access": SCOPES}


@dataclass(frozen=True)
class ApiToken:
    """One platform token. Of the secret only a digest is kept: it is shown once."""

    name: str
    organization: str
    digest: str
    group: str | None = None
    group_uuid: str | None = None
    scopes: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: _short(uuid.uuid4()))
    created_at: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).date().isoformat())

    def require_organization(self, slug: str) -> None:
        """Refuse another organization."""
        if slug != self.organization:
            raise forbidden(f"this token is restricted to another organization than {slug}")

    def require(self, scope: str, group: str | None = None) -> None:
        """Refuse a token that is pinned to a group what is beyond its scopes or its group."""
        if self.group is None:
            return
        if scope == ORGANIZATION:
            raise forbidden("a group-scoped token may not do this")
        if scope not in self.scopes:
            raise forbidden(f"this token lacks the scope {scope}")
        if group is not None and group != self.group:
            raise forbidden(f"this token is restricted to the group {self.group}")


class ApiTokens:
    """The tokens of the sandbox's one user."""

    def __init__(self, organization: str) -> None:
        self._organization = organization
        self._key = SigningKey()
        self._tokens: dict[str, ApiToken] = {}

    def mint(
        self, name: str, *, group: str | None = None, group_uuid: str | None = None, scopes: tuple[str, ...] = ()
    ) -> tuple[ApiToken, str]:
        """A new token and its secret, which nothing can tell again."""
        if name in self._tokens:
            raise conflict(f"api token with name {name} already exists")
        secret = self._key.sign({"jti": str(uuid.uuid4()), "org": self._organization})
        token = ApiToken(name, self._organization, _digest(secret), group, group_uuid, scopes)
        self._tokens[name] = token
        return token, secret

    def authenticate(self, secret: str) -> ApiToken:
        """The token with this secret."""
        if not secret:
            raise unauthorized("no authorization token was provided")
        digest = _digest(secret)
        for token in self._tokens.values():
            if token.digest == digest:
                return token
        raise unauthorized("the token is not valid: it is no platform token, has expired or was revoked")

    def all(self) -> list[ApiToken]:
        """All of them, oldest first."""
        return list(self._tokens.values())

    def revoke(self, *, name: str | None = None, token_id: str | None = None) -> ApiToken:
        """End a token, by its name or by its id."""
        for token in self._tokens.values():
            if name == token.name or token_id == token.id:
                return self._tokens.pop(token.name)
        raise not_found(f"could not find api token {name or token_id}")

    def revoke_group(self, group_uuid: str) -> None:
        """End the tokens pinned to a deleted group: a new group of the same name does not inherit them."""
        self._tokens = {name: token for name, token in self._tokens.items() if token.group_uuid != group_uuid}

    def keep_only(self, kept: ApiToken) -> None:
        """End all but one, which is valid again if it was revoked."""
        self._tokens = {kept.name: kept}


def expand(scopes: Sequence[str]) -> tuple[str, ...]:
    """The individual scopes of a request, presets expanded, in the documented order."""
    wanted: set[str] = set()
    for scope in scopes:
        if scope not in SCOPES and scope not in PRESETS:
            raise invalid(f"unknown scope {scope}")
        wanted |= set(PRESETS.get(scope, (scope,)))
    if not wanted:
        raise invalid("scopes must not be empty when group is set")
    return tuple(scope for scope in SCOPES if scope in wanted)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _short(identifier: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(identifier.bytes).decode().rstrip("=")
