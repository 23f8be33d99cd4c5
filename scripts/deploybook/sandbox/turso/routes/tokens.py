"""How tokens of databases and of groups are minted: alike."""

from __future__ import annotations

from deploybook.sandbox.core.refusals import not_implemented
from deploybook.sandbox.turso.api import Call
from deploybook.sandbox.turso.schema import DatabaseTokenBody
from deploybook.sandbox.turso.state.platform import Database, Group
from deploybook.sandbox.turso.state.refusals import invalid


async def mint(call: Call, owner: Database | Group) -> dict[str, str]:
    """Both token operations: the options are in the query, the body is for ATTACH only."""
    options = call.request.query_params
    for unknown in sorted(options.keys() - {"expiration", "authorization"}):
        raise invalid(f"unknown parameter {unknown}")
    if (await call.body(DatabaseTokenBody)).permissions.get("read_attach", {}).get("databases"):
        raise not_implemented("permissions.read_attach")
    expiration, authorization = options.get("expiration", "never"), options.get("authorization", "full-access")
    return {"jwt": call.state.mint(owner, expiration, authorization)}
