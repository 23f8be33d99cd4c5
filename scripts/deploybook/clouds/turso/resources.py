"""The group and the database in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from deploybook.clouds import dashboards
from deploybook.clouds.resource import Change, Resource, StillNeeded, VaultValues
from deploybook.clouds.turso import schema
from deploybook.errors import Conflict, InvalidValue, PermissionDenied, ServiceError

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.turso.client import Turso

# createDatabase: "only lowercase letters, numbers, dashes. No longer than 64 characters".
NAME = re.compile(r"[a-z0-9-]{1,64}")
# A setting of the database, and what it stops; both are off in a database that serves an application.
URL = "TURSO_DATABASE_URL"
BLOCKS = {"block_reads": "reads", "block_writes": "writes"}
PLAN_REFUSALS = frozenset({402, 403})


@dataclass(frozen=True)
class GroupState:
    """A group as it is. ``archived``: Turso put it aside because nothing used it, and its databases do not answer."""

    name: str
    location: str = ""
    archived: bool = False
    id: str = ""


class Group(Resource[GroupState]):
    """A group of databases in one location. ``location`` counts only when the group is made: it can't be changed later."""

    kind: ClassVar[str] = "Turso group"
    provider: ClassVar[str] = "turso"
    drift_entry: ClassVar[str] = "turso-archived"

    def __init__(self, name: str, *, location: str) -> None:
        _require_name("group", name)
        self.name = name
        self.location = location

    def page(self, clouds: Connections, state: GroupState) -> str:
        """The organization's groups."""
        del state
        return dashboards.turso(clouds, "groups")

    def identity(self, state: GroupState) -> str:
        """Turso's ``uuid`` of the group."""
        return state.id or self.name

    def read(self, clouds: Connections) -> GroupState | None:
        """Operation getGroup."""
        group = clouds.turso.group(self.name)
        return None if group is None else _group_state(group)

    def differences(self, state: GroupState) -> list[Change]:
        """Whether it is awake."""
        return [Change("state", "archived", "awake")] if state.archived else []

    def create(self, clouds: Connections) -> GroupState:
        """Operation createGroup; a plan that has no room for another group refuses."""
        try:
            return _group_state(clouds.turso.create_group(self.name, self.location))
        except ServiceError as error:
            if error.status not in PLAN_REFUSALS:
                raise
            raise self._no_room(clouds.turso, error) from None

    def update(self, clouds: Connections, state: GroupState, changes: list[Change]) -> GroupState:
        """Operation unarchiveGroup."""
        del state, changes
        return _group_state(clouds.turso.unarchive_group(self.name))

    def delete(self, clouds: Connections, state: GroupState) -> None:
        """Operation deleteGroup, which takes every database of the group along: one with databases in it is left."""
        del state
        inside = clouds.turso.databases(self.name)
        if inside:
            raise StillNeeded(f"it holds {', '.join(sorted(inside))}")
        clouds.turso.delete_group(self.name)

    def planned(self) -> GroupState:
        """Name and location are known in advance."""
        return GroupState(self.name, self.location)

    def _no_room(self, turso: Turso, error: ServiceError) -> PermissionDenied:
        names = [group.name for group in turso.groups()]
        use = f"Use the existing group: -p group_name {names[0]}" if names else "Check the token's scope"
        also = f" (or {', '.join(names[1:])})" if names[1:] else ""
        hint = f"{use}{also}, or choose a plan with more groups."
        return PermissionDenied(
            "Turso", error.operation, error.message, hint, "turso-group-limit", error.status, error.code
        )


@dataclass(frozen=True)
class DatabaseState:
    """A database as it is; ``hostname`` is empty while it is only planned. ``blocked`` are the settings that stop its use.

    ``fresh``: it was made in this run, so that no token from before can be for it.
    """

    name: str
    hostname: str = ""
    blocked: tuple[str, ...] = ()
    id: str = ""
    fresh: bool = field(default=False, compare=False)

    @property
    def url(self) -> str:
        """The URL that libSQL's SDKs take. The hostname is Turso's own word: it can't be made up from the names."""
        return f"libsql://{self.hostname}" if self.hostname else ""


class Database(Resource[DatabaseState]):
    """A libSQL database in a group. Its name is unique in the organization."""

    kind: ClassVar[str] = "Turso database"
    provider: ClassVar[str] = "turso"

    def __init__(self, name: str, group: str) -> None:
        _require_name("database", name)
        self.name = name
        self.group = group
        self.variables = (URL,)

    def page(self, clouds: Connections, state: DatabaseState) -> str:
        """Turso's page of the database."""
        return dashboards.turso(clouds, "databases", state.name)

    def identity(self, state: DatabaseState) -> str:
        """``DbId``: a database that is made anew has another."""
        return state.id

    def known(self, state: DatabaseState | None, vault_values: VaultValues) -> bool:
        """The vault holds its URL: only its maker, or whoever took it over, records that."""
        url = vault_values.get(URL)
        return state is not None and url is not None and bool(state.url) and url.get_secret_value() == state.url

    def read(self, clouds: Connections) -> DatabaseState | None:
        """Operation getDatabase; one of this name in another group is a Conflict: a database can't be moved."""
        database = clouds.turso.database(self.name)
        if database is None:
            return None
        if database.group != self.group:
            raise Conflict(
                "Turso",
                "find the database",
                f"The database {self.name} is in the group {database.group}, not in {self.group}.",
                f"Set -p group_name {database.group}, or another database_name.",
            )
        blocked = tuple(setting for setting in BLOCKS if getattr(database, setting))
        return DatabaseState(self.name, database.hostname, blocked, database.id)

    def differences(self, state: DatabaseState) -> list[Change]:
        """Whether it may be read and written."""
        return [Change(BLOCKS[setting], "blocked", "allowed") for setting in state.blocked]

    def create(self, clouds: Connections) -> DatabaseState:
        """Operation createDatabase."""
        made = clouds.turso.create_database(self.name, self.group)
        return DatabaseState(self.name, made.hostname, id=made.id, fresh=True)

    def update(self, clouds: Connections, state: DatabaseState, changes: list[Change]) -> DatabaseState:
        """Operation updateDatabaseConfiguration."""
        del changes
        clouds.turso.configure_database(self.name, dict.fromkeys(state.blocked, False))
        return replace(state, blocked=())

    def delete(self, clouds: Connections, state: DatabaseState) -> str:
        """Operation deleteDatabase: its data and its tokens go with it."""
        del state
        clouds.turso.delete_database(self.name)
        return "with its data and its tokens"

    def planned(self) -> DatabaseState:
        """Turso chooses the hostname."""
        return DatabaseState(self.name)


def _require_name(kind: str, name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidValue(f"{name!r} is not a valid name for a Turso {kind}.", "Use 1 to 64 of a–z, 0–9 and -.")


def _group_state(group: schema.Group) -> GroupState:
    return GroupState(group.name, group.primary, group.archived, group.uuid)
