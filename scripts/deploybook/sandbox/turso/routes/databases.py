"""Databases and their tokens."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.core.api import operation
from deploybook.sandbox.turso.api import Call
from deploybook.sandbox.turso.routes.tokens import mint
from deploybook.sandbox.turso.schema import (
    ConfigurationBody,
    ConfigurationView,
    CreatedDatabaseView,
    DatabaseBody,
    DatabaseView,
    InstanceView,
)


async def _list(call: Call) -> dict[str, Any]:
    group = call.query("group")
    call.caller.require("read", group)
    databases = call.state.databases(group or call.caller.group)
    return {"databases": [DatabaseView.model_validate(database) for database in databases]}


async def _create(call: Call) -> dict[str, Any]:
    body = await call.body(DatabaseBody)
    call.caller.require("db:create", body.group)
    return {"database": CreatedDatabaseView.model_validate(await call.state.create_database(body.name, body.group))}


async def _get(call: Call) -> dict[str, Any]:
    return {"database": DatabaseView.model_validate(call.database)}


async def _delete(call: Call) -> dict[str, Any]:
    return {"database": (await call.state.delete_database(call.database.name)).name}


async def _instances(call: Call) -> dict[str, Any]:
    return {"instances": [InstanceView.model_validate(call.database)]}


async def _configuration(call: Call) -> ConfigurationView:
    return ConfigurationView.model_validate(call.database)


async def _configure(call: Call) -> ConfigurationView:
    settings = (await call.body(ConfigurationBody)).sent()
    return ConfigurationView.model_validate(await call.state.configure_database(call.database.name, settings))


async def _mint(call: Call) -> dict[str, str]:
    return await mint(call, call.database)


async def _rotate(call: Call) -> None:
    # No body at all, although the status is 200: so the description says, and the vendor's client trips over it.
    await call.state.rotate_database(call.database.name)


_DATABASES = "/v1/organizations/{org}/databases"
_DATABASE = _DATABASES + "/{database}"

OPERATIONS = (
    operation("GET", _DATABASES, _list, query="group", needs="read"),
    operation("POST", _DATABASES, _create, needs="db:create"),
    operation("GET", _DATABASE, _get, needs="read"),
    operation("DELETE", _DATABASE, _delete, needs="db:delete"),
    operation("GET", _DATABASE + "/instances", _instances, needs="read"),
    operation("GET", _DATABASE + "/configuration", _configuration, needs="read"),
    operation("PATCH", _DATABASE + "/configuration", _configure, needs="db:configure"),
    operation("POST", _DATABASE + "/auth/tokens", _mint, query=None, needs="db:mint-token"),
    operation("POST", _DATABASE + "/auth/rotate", _rotate, needs="db:rotate-creds"),
)
