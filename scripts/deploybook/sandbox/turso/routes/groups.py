"""Groups and their tokens."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.core.api import operation
from deploybook.sandbox.turso.api import Call
from deploybook.sandbox.turso.routes.tokens import mint
from deploybook.sandbox.turso.schema import GroupBody, GroupView
from deploybook.sandbox.turso.state.api_tokens import ORGANIZATION


async def _list(call: Call) -> dict[str, Any]:
    visible = [group for group in call.state.groups() if call.caller.group in (None, group.name)]
    return {"groups": [GroupView.model_validate(group) for group in visible]}


async def _create(call: Call) -> dict[str, Any]:
    body = await call.body(GroupBody)
    return {"group": GroupView.model_validate(call.state.create_group(body.name, body.location))}


async def _get(call: Call) -> dict[str, Any]:
    return {"group": GroupView.model_validate(call.group)}


async def _delete(call: Call) -> dict[str, Any]:
    return {"group": GroupView.model_validate(await call.state.delete_group(call.path("group")))}


async def _unarchive(call: Call) -> dict[str, Any]:
    group = call.group
    group.archived = False
    return {"group": GroupView.model_validate(group)}


async def _mint(call: Call) -> dict[str, str]:
    return await mint(call, call.group)


async def _rotate(call: Call) -> None:
    await call.state.rotate_group(call.path("group"))


_GROUPS = "/v1/organizations/{org}/groups"
_GROUP = _GROUPS + "/{group}"

OPERATIONS = (
    operation("GET", _GROUPS, _list, needs="read"),
    operation("POST", _GROUPS, _create, needs=ORGANIZATION),
    operation("GET", _GROUP, _get, needs="read"),
    operation("DELETE", _GROUP, _delete, needs=ORGANIZATION),
    operation("POST", _GROUP + "/unarchive", _unarchive, needs="group:configure"),
    operation("POST", _GROUP + "/auth/tokens", _mint, query=None, needs="group:mint-token"),
    operation("POST", _GROUP + "/auth/rotate", _rotate, needs="group:rotate-creds"),
)
