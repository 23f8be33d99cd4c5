"""What is about the caller: organizations, the user, locations, platform tokens."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.core.api import operation
from deploybook.sandbox.turso.api import Call
from deploybook.sandbox.turso.schema import ApiTokenBody, ApiTokenView, OrganizationView
from deploybook.sandbox.turso.state.api_tokens import ORGANIZATION
from deploybook.sandbox.turso.state.platform import LOCATIONS
from deploybook.sandbox.turso.state.refusals import not_found


async def _organizations(call: Call) -> list[OrganizationView]:
    # A bare array: so the description says.
    return [OrganizationView.model_validate(call.state)]


async def _organization(call: Call) -> dict[str, Any]:
    if call.path("slug") != call.state.organization:
        raise not_found("organization not found")
    return {"organization": OrganizationView.model_validate(call.state)}


async def _user(call: Call) -> dict[str, Any]:
    user = {"username": call.state.organization, "name": "Sandbox Operator", "email": _email(call), "avatarUrl": ""}
    return {"user": user | {"plan": call.state.plan.id, "mfa": False, "has_pending_invites": False}}


async def _locations(_: Call) -> dict[str, Any]:
    return {"locations": LOCATIONS}


async def _validate(_: Call) -> dict[str, Any]:
    return {"exp": -1}


async def _tokens(call: Call) -> dict[str, Any]:
    return {"tokens": [ApiTokenView.model_validate(token) for token in call.state.tokens.all()]}


async def _mint(call: Call) -> dict[str, Any]:
    """A platform token; this answer is the only one that shows its secret."""
    body = await call.body(ApiTokenBody)
    token, secret = call.state.mint_api_token(call.path("name"), body.organization, body.group, body.scopes)
    return {"name": token.name, "id": token.id, "token": secret}


async def _revoke(call: Call) -> dict[str, Any]:
    return {"token": call.state.tokens.revoke(name=call.path("name")).name}


async def _organization_tokens(call: Call) -> dict[str, Any]:
    owner = {"username": call.state.organization, "email": _email(call)}
    views = [ApiTokenView.model_validate(token) for token in call.state.tokens.all()]
    return {"tokens": [view.model_copy(update={"owner": owner}) for view in views]}


async def _revoke_by_id(call: Call) -> dict[str, Any]:
    return {"token": call.state.tokens.revoke(token_id=call.path("id")).id}


def _email(call: Call) -> str:
    return f"{call.state.organization}@example.com"


_TOKEN = "/v1/auth/api-tokens"
_OF_ORGANIZATION = "/v1/organizations/{org}/api-tokens"

OPERATIONS = (
    operation("GET", "/v1/organizations", _organizations, needs=ORGANIZATION),
    operation("GET", "/v1/organizations/{slug}", _organization, needs="read"),
    operation("GET", "/v1/user", _user, needs=ORGANIZATION),
    operation("GET", "/v1/locations", _locations, needs="read"),
    operation("GET", "/v1/auth/validate", _validate),
    operation("GET", _TOKEN, _tokens, needs=ORGANIZATION),
    operation("POST", _TOKEN + "/{name}", _mint, needs=ORGANIZATION),
    operation("DELETE", _TOKEN + "/{name}", _revoke, needs=ORGANIZATION),
    operation("GET", _OF_ORGANIZATION, _organization_tokens, needs=ORGANIZATION),
    operation("DELETE", _OF_ORGANIZATION + "/{id}", _revoke_by_id, needs=ORGANIZATION),
)
