"""The key's user and the workspaces that it sees (``get-user`` to ``retrieve-owner`` of render.json)."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.core.api import operation
from deploybook.sandbox.render.api import READ, Call
from deploybook.sandbox.render.schema.views import OwnerView


async def _user(call: Call) -> dict[str, str]:
    # The id is newer than render.json: the official SDK (1.5.0) requires it.
    cloud = call.state.cloud
    return {"id": cloud.user_id, "email": cloud.user_email, "name": cloud.user_name}


async def _list(call: Call) -> list[dict[str, Any]]:
    names, emails = call.words("name"), call.words("email")
    owners = [
        owner
        for owner in call.state.cloud.owners
        if (not names or owner.name in names) and (not emails or owner.email in emails)
    ]
    return call.page(owners, "owner", OwnerView.model_validate, lambda owner: owner.id)


async def _get(call: Call) -> OwnerView:
    return OwnerView.model_validate(call.state.cloud.workspace(call.path("owner")))


OPERATIONS = (
    operation("GET", "/v1/users", _user, needs=READ),
    operation("GET", "/v1/owners", _list, query="name email cursor limit", needs=READ),
    operation("GET", "/v1/owners/{owner}", _get, needs=READ),
)
