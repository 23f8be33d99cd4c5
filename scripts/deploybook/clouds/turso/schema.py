"""What is read of Turso's answers. Fields: turso-docs ``api-reference/openapi.json``; ``archived`` is in the answers only."""

from __future__ import annotations

from pydantic import Field, SecretStr

from deploybook.clouds.answers import Answer, EpochSeconds, Flag, Many, Name, Text


class Validated(Answer):
    """Of validateAPIToken: when the token expires; -1 for never."""

    exp: EpochSeconds


class Organization(Answer):
    """An organization. ``blocked_…``: its quota, or its owner, has stopped that."""

    slug: Text = ""
    plan_id: Text = ""
    blocked_reads: Flag = False
    blocked_writes: Flag = False


class Group(Answer):
    """A group; ``primary`` is its location, ``archived`` whether Turso put it aside because nothing used it."""

    name: Name
    primary: Text = ""
    uuid: Text = ""
    archived: Flag = False


class DatabaseName(Answer):
    """A database in a list."""

    name: Name = Field(alias="Name")


class MadeDatabase(Answer):
    """A database that was just made."""

    id: Name = Field(alias="DbId")
    hostname: Name = Field(alias="Hostname")


class Database(MadeDatabase):
    """A database."""

    group: Name
    block_reads: Flag = False
    block_writes: Flag = False


class OrganizationAnswer(Answer):
    """The field in which getOrganization wraps it; those below likewise."""

    organization: Organization


class LocationsAnswer(Answer):
    """Names by code."""

    locations: dict[str, str]


class GroupAnswer(Answer):
    """One group."""

    group: Group


class GroupsAnswer(Answer):
    """All groups."""

    groups: Many[Group]


class DatabasesAnswer(Answer):
    """All databases of a group."""

    databases: Many[DatabaseName]


class DatabaseAnswer(Answer):
    """One database."""

    database: Database


class MadeDatabaseAnswer(Answer):
    """The one that was made."""

    database: MadeDatabase


class TokenAnswer(Answer):
    """A token, shown only here."""

    jwt: SecretStr = Field(min_length=1)
