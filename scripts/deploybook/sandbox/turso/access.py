"""Platform API tokens: whom they belong to, what they are restricted to, and the vocabulary of scopes.

Source: turso-docs ``api-reference/authentication.mdx`` (restrictions, scopes, presets, lifecycle), createAPIToken.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import uuid
from dataclasses import dataclass, field

from deploybook.sandbox.turso.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from deploybook.sandbox.turso.tokens import SigningKey

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
            raise Forbidden(f"this token is restricted to another organization than {slug}")

    def require(self, scope: str | None, group: str | None = None) -> None:
        """Refuse what a group-scoped token may not do; ``scope`` None is what only an organization's token may do."""
        if self.group is None:
            return
        if scope is None or scope not in self.scopes:
            raise Forbidden(f"this token lacks the scope {scope}" if scope else "a group-scoped token may not do this")
        if group is not None and group != self.group:
            raise Forbidden(f"this token is restricted to the group {self.group}")


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
            raise Conflict(f"api token with name {name} already exists")
        secret = self._key.sign({"jti": str(uuid.uuid4()), "org": self._organization})
        token = ApiToken(name, self._organization, _digest(secret), group, group_uuid, scopes)
        self._tokens[name] = token
        return token, secret

    def authenticate(self, header: str) -> ApiToken:
        """The token of an ``Authorization`` header."""
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise Unauthorized("no authorization token was provided")
        digest = _digest(secret.strip())
        for token in self._tokens.values():
            if token.digest == digest:
                return token
        raise Unauthorized("the token is not valid: it is no platform token, has expired or was revoked")

    def all(self) -> list[ApiToken]:
        """All of them, oldest first."""
        return list(self._tokens.values())

    def revoke(self, *, name: str | None = None, token_id: str | None = None) -> ApiToken:
        """End a token, by its name or by its id."""
        for token in self._tokens.values():
            if name == token.name or token_id == token.id:
                return self._tokens.pop(token.name)
        raise NotFound(f"could not find api token {name or token_id}")

    def revoke_group(self, group_uuid: str) -> None:
        """End the tokens pinned to a deleted group: a new group of the same name does not inherit them."""
        self._tokens = {name: token for name, token in self._tokens.items() if token.group_uuid != group_uuid}

    def keep_only(self, kept: ApiToken) -> None:
        """End all but one, which is valid again if it was revoked."""
        self._tokens = {kept.name: kept}


def expand(scopes: list[str]) -> tuple[str, ...]:
    """The individual scopes of a request, presets expanded, in the documented order."""
    wanted: set[str] = set()
    for scope in scopes:
        if scope not in SCOPES and scope not in PRESETS:
            raise Invalid(f"unknown scope {scope}")
        wanted |= set(PRESETS.get(scope, (scope,)))
    if not wanted:
        raise Invalid("scopes must not be empty when group is set")
    return tuple(scope for scope in SCOPES if scope in wanted)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _short(identifier: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(identifier.bytes).decode().rstrip("=")
