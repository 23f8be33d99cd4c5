"""The platform API's JSON, as ``turso.json`` describes it (field case is as mixed there)."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.turso.access import ApiToken
from deploybook.sandbox.turso.models import Database, Group, Platform
from deploybook.sandbox.turso.sqld import VERSION

Json = dict[str, Any]


def organization(platform: Platform) -> Json:
    """``Organization``."""
    return {
        "name": platform.organization,
        "slug": platform.organization,
        "type": "personal",
        "overages": False,
        "require_mfa": False,
        "blocked_reads": platform.blocked_reads,
        "blocked_writes": platform.blocked_writes,
        "plan_id": platform.plan.id,
        "plan_timeline": "",
        "platform": "",
    }


def user(platform: Platform) -> Json:
    """``user`` of getCurrentUser."""
    return {
        "username": platform.organization,
        "name": "Sandbox Operator",
        "email": f"{platform.organization}@example.com",
        "avatarUrl": "",
        "plan": platform.plan.id,
        "mfa": False,
        "has_pending_invites": False,
    }


def group(one: Group) -> Json:
    """``Group``."""
    return {
        "name": one.name,
        "uuid": one.uuid,
        "version": f"v{VERSION}",
        "locations": [one.location],
        "primary": one.location,
        "delete_protection": False,
        "archived": False,
    }


def database(one: Database) -> Json:
    """``Database``, with the fields that the vendor's client reads beside those described."""
    return {
        "Name": one.name,
        "DbId": one.id,
        "Hostname": one.hostname,
        "block_reads": one.block_reads,
        "block_writes": one.block_writes,
        "regions": [one.group.location],
        "primaryRegion": one.group.location,
        "group": one.group.name,
        "delete_protection": False,
        "parent": None,
        "type": "logical",
        "version": f"v{VERSION}",
        "sleeping": False,
        "archived": False,
    }


def configuration(one: Database) -> Json:
    """``DatabaseConfigurationResponse``, the settings that can be changed here."""
    return {"block_reads": one.block_reads, "block_writes": one.block_writes, "delete_protection": False}


def created_database(one: Database) -> Json:
    """``CreateDatabaseOutput``."""
    return {"DbId": one.id, "Hostname": one.hostname, "Name": one.name}


def instance(one: Database) -> Json:
    """``Instance``: the primary, the only one there is."""
    location = one.group.location
    return {
        "uuid": one.instance,
        "name": location,
        "type": "primary",
        "region": location,
        "hostname": one.hostname,
    }


def api_token(one: ApiToken) -> Json:
    """``APIToken``: never the token itself."""
    shown: Json = {
        "name": one.name,
        "id": one.id,
        "organization": one.organization,
        "created_at": one.created_at,
    }
    if one.group:
        shown |= {"group": one.group, "scopes": list(one.scopes)}
    return shown
