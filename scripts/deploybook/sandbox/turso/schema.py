"""The platform API's JSON, as ``turso.json`` describes it; the case of the members is as mixed there."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasPath, Field, PlainSerializer

from deploybook.sandbox.core.schema import Body, NotHere, View, if_any
from deploybook.sandbox.turso.backend.sqld import VERSION

_LOCATION = AliasPath("group", "location")
# A list of the one that there is.
Only = Annotated[str, PlainSerializer(lambda value: [value])]


class GroupBody(Body):
    """A group to make."""

    name: str = Field(min_length=1)
    location: str = Field(min_length=1)
    extensions: NotHere = None


class DatabaseBody(Body):
    """A database to make."""

    name: str = Field(min_length=1)
    group: str = Field(min_length=1)
    seed: NotHere = None
    size_limit: NotHere = None
    remote_encryption: NotHere = None


class ConfigurationBody(Body):
    """Settings of a database; what is left out stays."""

    block_reads: bool = False
    block_writes: bool = False
    size_limit: NotHere = None
    allow_attach: NotHere = None
    delete_protection: NotHere = None
    allowed_ips: NotHere = None
    allowed_aws_vpc_ids: NotHere = None


class DatabaseTokenBody(Body):
    """Further permissions of a database token, which are for ATTACH only."""

    permissions: dict[str, Any] = Field(default_factory=dict)


class ApiTokenBody(Body):
    """What a new platform token is restricted to."""

    organization: str | None = None
    group: str | None = None
    scopes: tuple[str, ...] = ()


class OrganizationView(View):
    """``Organization``."""

    name: str = Field(validation_alias="organization")
    slug: str = Field(validation_alias="organization")
    type: str = "personal"
    overages: bool = False
    require_mfa: bool = False
    blocked_reads: bool
    blocked_writes: bool
    plan_id: str = Field(validation_alias=AliasPath("plan", "id"))
    plan_timeline: str = ""
    platform: str = ""


class GroupView(View):
    """``Group``."""

    name: str
    uuid: str
    version: str = f"v{VERSION}"
    locations: Only = Field(validation_alias="location")
    primary: str = Field(validation_alias="location")
    delete_protection: bool = False
    archived: bool


class DatabaseView(View):
    """``Database``, with the members that the vendor's client reads beside those described."""

    name: str = Field(serialization_alias="Name")
    id: str = Field(serialization_alias="DbId")
    hostname: str = Field(serialization_alias="Hostname")
    block_reads: bool
    block_writes: bool
    regions: Only = Field(validation_alias=_LOCATION)
    primary_region: str = Field(validation_alias=_LOCATION, serialization_alias="primaryRegion")
    group: str = Field(validation_alias=AliasPath("group", "name"))
    delete_protection: bool = False
    parent: None = None
    type: str = "logical"
    version: str = f"v{VERSION}"
    sleeping: bool = False
    archived: bool = Field(validation_alias=AliasPath("group", "archived"))


class ConfigurationView(View):
    """``DatabaseConfigurationResponse``: the settings that can be changed here."""

    block_reads: bool
    block_writes: bool
    delete_protection: bool = False


class CreatedDatabaseView(View):
    """``CreateDatabaseOutput``."""

    id: str = Field(serialization_alias="DbId")
    hostname: str = Field(serialization_alias="Hostname")
    name: str = Field(serialization_alias="Name")


class InstanceView(View):
    """``Instance``: the primary, the only one there is."""

    uuid: str = Field(validation_alias="instance")
    name: str = Field(validation_alias=_LOCATION)
    type: str = "primary"
    region: str = Field(validation_alias=_LOCATION)
    hostname: str


class ApiTokenView(View):
    """``APIToken``: never the token itself."""

    name: str
    id: str
    organization: str
    created_at: str
    group: str | None = if_any()
    scopes: tuple[str, ...] = Field(exclude_if=lambda scopes: not scopes)
    owner: dict[str, str] | None = if_any()
