"""One organization: its plan, its groups and its databases."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.turso.state.api_tokens import ApiToken, ApiTokens, expand
from deploybook.sandbox.turso.state.keys import Authorization, SigningKey, lifetime
from deploybook.sandbox.turso.state.refusals import (
    conflict,
    forbidden,
    invalid,
    not_found,
    payment_required,
)

# The example of listLocations: the codes that turso-docs names.
LOCATIONS = {
    "aws-ap-northeast-1": "AWS AP NorthEast (Tokyo)",
    "aws-ap-south-1": "AWS AP South (Mumbai)",
    "aws-eu-west-1": "AWS EU West (Ireland)",
    "aws-us-east-1": "AWS US East (Virginia)",
    "aws-us-east-2": "AWS US East (Ohio)",
    "aws-us-west-2": "AWS US West (Oregon)",
}
BLOCKS = frozenset({"block_reads", "block_writes"})
_NAME = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True)
class Plan:
    """What the organization pays for. ``groups/create.mdx``: more than one group needs Scaler, Pro or Enterprise.

    Which status a group too many gets is not documented; 402 is described as "check you have an active subscription".
    """

    id: str = "starter"
    groups: int = 1
    refusal: Callable[[str], Refusal] = payment_required


@dataclass
class Group:
    """Databases that share a location and a signing key. ``archived``: put aside because nothing used them; they do not answer."""

    name: str
    location: str
    archived: bool = False
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    key: SigningKey = field(default_factory=SigningKey)


@dataclass
class Database:
    """One libSQL database; it exists for clients once it has a hostname."""

    name: str
    group: Group
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    instance: str = field(default_factory=lambda: str(uuid.uuid4()))
    key: SigningKey = field(default_factory=SigningKey)
    hostname: str = ""
    block_reads: bool = False
    block_writes: bool = False

    def public_keys(self) -> str:
        """The keys whose tokens open it: its own and its group's."""
        return self.key.public_pem() + self.group.key.public_pem()


class Engine(Protocol):
    """What runs the databases."""

    async def start(self, database: Database) -> str:
        """Start its server; the answer is its hostname."""

    async def rekey(self, database: Database) -> None:
        """Have its server accept its present keys only."""

    async def block(self, database: Database, *, reads: bool, writes: bool) -> None:
        """Have its server refuse reads or writes from now on, or none."""

    async def stop(self, database: Database) -> None:
        """End its server and drop its data."""


class Platform:
    """The organization and what is in it."""

    def __init__(self, engine: Engine, organization: str = "deploybook", plan: Plan | None = None) -> None:
        self.engine = engine
        self.organization = organization
        self.plan = plan or Plan()
        self.tokens = ApiTokens(organization)
        self.operator, self.operator_secret = self.tokens.mint("deploybook-sandbox")
        self._clear_blocks()
        self._groups: dict[str, Group] = {}
        self._databases: dict[str, Database] = {}

    # Groups

    def groups(self) -> list[Group]:
        """All of them, oldest first."""
        return list(self._groups.values())

    def group(self, name: str) -> Group:
        """The group of this name."""
        if name not in self._groups:
            raise not_found("group not found")
        return self._groups[name]

    def create_group(self, name: str, location: str) -> Group:
        """A new, empty group."""
        _check_name("group", name)
        if location not in LOCATIONS:
            raise invalid(f"location {location} not found")
        if name in self._groups:
            raise conflict("group already exists")
        if len(self._groups) >= self.plan.groups:
            raise self.plan.refusal(
                f"the {self.plan.id} plan includes {self.plan.groups} group: upgrade to create more"
            )
        self._groups[name] = Group(name, location)
        return self._groups[name]

    async def delete_group(self, name: str) -> Group:
        """Delete a group, its databases, and the platform tokens pinned to it."""
        group = self.group(name)
        for database in self.databases(name):
            await self.delete_database(database.name)
        del self._groups[name]
        self.tokens.revoke_group(group.uuid)
        return group

    # Databases

    def databases(self, group: str | None = None) -> list[Database]:
        """Those that have started, of one group if one is named."""
        return [one for one in self._databases.values() if one.hostname and group in (None, one.group.name)]

    def database(self, name: str) -> Database:
        """The database of this name."""
        database = self._databases.get(name)
        if database is None or not database.hostname:
            raise not_found(f"could not find database with name {name}: record not found")
        return database

    async def create_database(self, name: str, group: str) -> Database:
        """A new, empty database in a group that exists already."""
        _check_name("database", name)
        if group not in self._groups:
            raise invalid("group not found")
        if name in self._databases:
            raise conflict(f"database with name {name} already exists")
        # The name is taken before its server starts, so that two creations at once cannot both win.
        database = self._databases[name] = Database(name, self._groups[group])
        try:
            database.hostname = await self.engine.start(database)
        except BaseException:
            del self._databases[name]
            raise
        if any(self._blocks):
            await self._apply_blocks(database)
        if self._groups.get(group) is not database.group:
            await self.delete_database(name)
            raise invalid("group not found")
        return database

    async def delete_database(self, name: str) -> Database:
        """Delete a database and everything in it."""
        database = self.database(name)
        del self._databases[name]
        await self.engine.stop(database)
        return database

    async def configure_database(self, name: str, settings: Mapping[str, bool]) -> Database:
        """Change ``block_reads`` and ``block_writes``; what is left out stays."""
        database = self.database(name)
        for setting in BLOCKS & settings.keys():
            setattr(database, setting, settings[setting])
        await self._apply_blocks(database)
        return database

    async def block(self, *, reads: bool, writes: bool, reported: bool = True) -> None:
        """Block the whole organization, as Turso does when a quota is used up, or let it go on.

        Of a block that is not ``reported`` statements fail, and the API does not show it. No document says that it always does.
        """
        self._blocks = reads, writes
        self.blocked_reads, self.blocked_writes = reads and reported, writes and reported
        for database in self.databases():
            await self._apply_blocks(database)

    async def apply_blocks(self) -> None:
        """Have the servers refuse what is blocked; they do not keep it themselves."""
        for database in self.databases():
            if any(self._blocks) or database.block_reads or database.block_writes:
                await self._apply_blocks(database)

    async def _apply_blocks(self, database: Database) -> None:
        reads, writes = self._blocks
        await self.engine.block(database, reads=reads or database.block_reads, writes=writes or database.block_writes)

    def _clear_blocks(self) -> None:
        self._blocks = False, False
        self.blocked_reads = self.blocked_writes = False

    # Credentials of databases

    def mint(self, owner: Database | Group, expiration: str, authorization: str) -> str:
        """A token for one database, or for all of a group's, those created later included."""
        try:
            seconds = lifetime(expiration)
        except ValueError:
            raise invalid("Invalid expiration format") from None
        if authorization not in list(Authorization):
            raise invalid(f"Invalid authorization: {authorization}; use full-access or read-only")
        group = owner.uuid if isinstance(owner, Group) else None
        return owner.key.mint(Authorization(authorization), seconds, group=group)

    async def rotate_database(self, name: str) -> None:
        """A new key for one database: its tokens end, its group's do not."""
        database = self.database(name)
        database.key = SigningKey()
        await self.engine.rekey(database)

    async def rotate_group(self, name: str) -> None:
        """New keys for the group and its databases: every token of any of them ends (``authentication.mdx``)."""
        group = self.group(name)
        group.key = SigningKey()
        for database in self.databases(name):
            database.key = SigningKey()
            await self.engine.rekey(database)

    # Platform tokens

    def mint_api_token(
        self, name: str, organization: str | None, group: str | None = None, scopes: Sequence[str] = ()
    ) -> tuple[ApiToken, str]:
        """A platform token as wide as the organization's or narrower, and its secret."""
        if organization is None:
            if group or scopes:
                raise invalid("organization is required when group is set")
            # Unrestricted tokens are deprecated; one restricted to an organization must not be able to shed that.
            raise forbidden("a token restricted to an organization cannot mint an unrestricted one: pass organization")
        if organization != self.organization:
            raise forbidden(f"this token is restricted to another organization than {organization}")
        if group is None:
            if scopes:
                raise invalid("scopes need a group")
            return self.tokens.mint(name)
        return self.tokens.mint(name, group=group, group_uuid=self.group(group).uuid, scopes=expand(scopes))

    async def reset(self) -> None:
        """Back to a new organization: no group, no database, the operator's token only."""
        self._clear_blocks()
        for group in self.groups():
            await self.delete_group(group.name)
        self.tokens.keep_only(self.operator)


def _check_name(kind: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise invalid(f"invalid {kind} name: only lowercase letters, numbers and dashes, at most 64 characters")
