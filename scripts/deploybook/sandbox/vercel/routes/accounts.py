"""The user, teams and tokens: ``getAuthUser``, ``getTeams``, ``getTeam``, ``listAuthTokens`` … ``deleteAuthToken``."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.vercel.api import Call, operation
from deploybook.sandbox.vercel.schema import accounts as schema
from deploybook.sandbox.vercel.schema.accounts import TokenBody, TokenView


async def _user(call: Call) -> dict[str, Any]:
    return {"user": schema.user(call.state.accounts, limited=call.caller.token.team_id is not None)}


async def _teams(call: Call) -> dict[str, Any]:
    page, pagination = call.page([call.state.accounts.team], lambda team: team.created_at)
    return {"teams": [schema.team(call.state.accounts) for _ in page], "pagination": pagination}


async def _team(call: Call) -> dict[str, Any]:
    call.state.accounts.find_team(call.path("teamId"))
    return schema.team(call.state.accounts)


async def _tokens(call: Call) -> dict[str, Any]:
    page, pagination = call.page([*call.state.accounts.tokens.values()], lambda token: token.created_at)
    return {"tokens": [TokenView.of(token) for token in page], "pagination": pagination}


async def _token(call: Call) -> dict[str, Any]:
    return {"token": TokenView.of(call.state.accounts.token(call.path("tokenId"), call.caller.token))}


async def _create_token(call: Call) -> dict[str, Any]:
    """The only answer that has a token's value."""
    body = await call.body(TokenBody)
    token = call.state.accounts.issue(body.name, call.caller, body.expires_at)
    return {"token": TokenView.of(token), "bearerToken": token.value}


async def _delete_token(call: Call) -> dict[str, Any]:
    return {"tokenId": call.state.accounts.revoke(call.path("tokenId"), call.caller.token).id}


_PAGE = "limit since until"

OPERATIONS = (
    operation("GET", (2,), "/user", _user, limits="user-get", per_user=True, about_user=True),
    operation("GET", (1, 2), "/teams", _teams, query=_PAGE, limits="team-get", per_user=True, about_user=True),
    operation("GET", (0, 1, 2), "/teams/{teamId}", _team, limits="team-get", per_user=True, about_user=True),
    operation("GET", (5, 6), "/user/tokens", _tokens, query=_PAGE, limits="tokens-get", per_user=True),
    operation("GET", (5,), "/user/tokens/{tokenId}", _token, limits="tokens-get", per_user=True),
    operation("POST", (3,), "/user/tokens", _create_token, limits="tokens-create", per_user=True),
    operation("DELETE", (3,), "/user/tokens/{tokenId}", _delete_token, limits="tokens-delete", per_user=True),
)
