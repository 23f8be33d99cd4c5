"""The database's token: the credential that the application holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import SecretStr

from deploybook.clouds.resource import Change, Evidence, Resource, VaultValues
from deploybook.clouds.turso.claims import Claims, read_claims, seconds_of, written
from deploybook.clouds.turso.resources import URL, Database, DatabaseState
from deploybook.errors import ServiceError

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections

TOKEN = "TURSO_AUTH_TOKEN"
# What is said of a token that a database does not take, or that is older than it.
REFUSED = "not accepted by this database"
# The lifetime in Turso's claim may differ from the desired one by some seconds.
SLACK_SECONDS = 60


@dataclass(frozen=True)
class TokenState:
    """The token that the vault holds. ``dead``: why the database's own words, or its own making, prove that it is not for it.

    ``untried``: why it could not be put to the test. ``fresh``: it was minted in this run.
    """

    value: SecretStr
    claims: Claims
    dead: str = ""
    untried: str = ""
    fresh: bool = False


class DatabaseToken(Resource[TokenState]):
    """A full-access token for one database; ``name`` is the database's.

    Turso's tokens have no name and are listed nowhere, so the vault's own is put to the test: it is used. Only the database can
    tell whether a token is for it and was not invalidated. The claims inside tell why one is refused, and its lifetime.
    A single token can't be revoked; ``rotate`` invalidates all of the database's. A quota that is used up, a blocked or an absent
    database, an edge and an unexpected answer say nothing of the token, and mint none.
    """

    kind: ClassVar[str] = "Turso database token"
    provider: ClassVar[str] = "turso"
    credential: ClassVar[bool] = True
    # How sqld refuses a token that it cannot verify: libsql-server, src/auth/errors.rs and src/error.rs.
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence(401, words="Unauthorized: `"),)
    absent_entry: ClassVar[str] = "not-in-the-vault"
    drift_entry: ClassVar[str] = "turso-token"

    def __init__(
        self,
        database: DatabaseState,
        *,
        stored: Mapping[str, SecretStr],
        expiration: str = "never",
        rotate: bool = False,
    ) -> None:
        self.name = database.name
        # A database that is deleted takes its tokens along; one that is left keeps them.
        self.deleted_with = self.within = (Database.kind, database.name)
        self.variables = (TOKEN,)
        self._url = database.url
        self._database_is_new = database.fresh
        self._stored = stored.get(TOKEN)
        self._expiration = expiration
        self._lifetime = seconds_of(expiration)
        self._rotate = rotate

    def read(self, clouds: Connections) -> TokenState | None:
        """The vault's token, tried by a SELECT; a database that is only planned takes none."""
        if self._stored is None:
            return None
        dead, untried = self._tried(clouds, self._stored)
        return TokenState(self._stored, read_claims(self._stored), dead, untried)

    def differences(self, state: TokenState) -> list[Change]:
        """Whether it opens this database for writing and has the desired lifetime, and whether all tokens must be invalidated."""
        changes = self._faults(state)
        if self._rotate or self.unfinished_rotation:
            old = "valid" if self._rotate else "their rotation did not finish"
            changes.append(Change("all tokens", old, "invalidated, and one new", requested=True, replaces=True))
        return changes

    def undecided(self, state: TokenState) -> str:
        """Why the token could not be tried."""
        return f"the token could not be tried: {state.untried}" if state.untried else ""

    def known(self, state: TokenState | None, vault_values: VaultValues) -> bool:
        """The vault holds the database's URL."""
        del state
        return URL in vault_values and vault_values[URL].get_secret_value() == self._url

    def create(self, clouds: Connections) -> TokenState:
        """Operation createDatabaseToken. Nobody knows a token whose answer was lost, so minting another is safe."""
        value = clouds.turso.mint_token(self.name, self._expiration)
        return TokenState(value, read_claims(value), fresh=True)

    def update(self, clouds: Connections, state: TokenState, changes: list[Change]) -> TokenState:
        """The same, after invalidateDatabaseTokens if that was asked for."""
        del state
        if any(change.requested for change in changes):
            clouds.turso.rotate_tokens(self.name)
        return self.create(clouds)

    def delete(self, clouds: Connections, state: TokenState) -> str:
        """Nothing at Turso: a single token can't be revoked. ``finish`` takes it out of the vault."""
        del clouds, state
        return "removed from the vault; it is valid until its database is deleted, because Turso cannot revoke a single token"

    def planned(self) -> TokenState:
        """Its value is known only when it is minted."""
        return TokenState(SecretStr(""), Claims(), dead="not minted yet")

    def one_time_secrets(self, state: TokenState) -> Mapping[str, SecretStr]:
        """The token, as soon as it is seen."""
        return {TOKEN: state.value} if state.fresh else {}

    def _tried(self, clouds: Connections, token: SecretStr) -> tuple[str, str]:
        """Why the token is dead, and why it could not be tried; both empty if the database took it."""
        database = clouds.libsql({URL: SecretStr(self._url), TOKEN: token}) if self._url else None
        if database is None:
            return REFUSED, ""
        try:
            database.query("SELECT 1")
        except ServiceError as error:
            # A database that this run has made knows no token of before, whatever it answers while it starts.
            dead = self._database_is_new or self.is_dead(error)
            return (REFUSED, "") if dead else ("", error.message)
        return "", ""

    def _faults(self, state: TokenState) -> list[Change]:
        claims = state.claims
        if claims.expired:
            return [Change("token", "expired", "new")]
        if state.dead:
            return [Change("token", state.dead, "new")]
        if state.untried:
            return []
        if claims.read_only:
            return [Change("access", "read-only", "full")]
        if self._has_desired_lifetime(claims):
            return []
        return [Change("lifetime", written(claims.lifetime), self._expiration)]

    def _has_desired_lifetime(self, claims: Claims) -> bool:
        if claims.lifetime is None or self._lifetime is None:
            return (claims.expires is None) == (self._lifetime is None)
        return abs(claims.lifetime - self._lifetime) <= SLACK_SECONDS
