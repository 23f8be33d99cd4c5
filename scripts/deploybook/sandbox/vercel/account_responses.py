"""User, teams and tokens: ``getAuthUser``, ``getTeams``, ``getTeam``, ``listAuthTokens`` … ``deleteAuthToken``."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from deploybook.sandbox.vercel import views
from deploybook.sandbox.vercel.calls import Call, operation
from deploybook.sandbox.vercel.requests import NewToken


async def _user(call: Call) -> Response:
    accounts = call.platform.state.accounts
    limited = call.scope.token.team_id is not None
    return JSONResponse({"user": views.user(accounts.user, accounts.team, limited=limited)})


async def _teams(call: Call) -> Response:
    accounts = call.platform.state.accounts
    page, pagination = call.page([accounts.team], lambda team: team.created_at)
    return JSONResponse({"teams": [views.team(team, accounts.user) for team in page], "pagination": pagination})


async def _team(call: Call) -> Response:
    accounts = call.platform.state.accounts
    return JSONResponse(views.team(accounts.find_team(call.path("teamId")), accounts.user))


async def _tokens(call: Call) -> Response:
    newest_first = sorted(call.platform.state.accounts.tokens.values(), key=lambda token: -token.created_at)
    page, pagination = call.page(newest_first, lambda token: token.created_at)
    return JSONResponse({"tokens": [views.token(one) for one in page], "pagination": pagination})


async def _token(call: Call) -> Response:
    found = call.platform.state.accounts.token(call.path("tokenId"), call.scope.token)
    return JSONResponse({"token": views.token(found)})


async def _create_token(call: Call) -> Response:
    body = await call.body(NewToken)
    token = call.platform.state.accounts.issue(body.name, call.scope, body.expires_at)
    return JSONResponse({"token": views.token(token), "bearerToken": token.value})


async def _delete_token(call: Call) -> Response:
    token = call.platform.state.accounts.revoke(call.path("tokenId"), call.scope.token)
    return JSONResponse({"tokenId": token.id})


_PAGE = "limit since until"

OPERATIONS = (
    operation("GET", (2,), "/user", _user, rates=["user-get"], per_user=True, about_user=True),
    operation("GET", (1, 2), "/teams", _teams, query=_PAGE, rates=["team-get"], per_user=True, about_user=True),
    operation("GET", (0, 1, 2), "/teams/{teamId}", _team, rates=["team-get"], per_user=True, about_user=True),
    operation("GET", (5, 6), "/user/tokens", _tokens, query=_PAGE, rates=["tokens-get"], per_user=True),
    operation("GET", (5,), "/user/tokens/{tokenId}", _token, rates=["tokens-get"], per_user=True),
    operation("POST", (3,), "/user/tokens", _create_token, rates=["tokens-create"], per_user=True),
    operation("DELETE", (3,), "/user/tokens/{tokenId}", _delete_token, rates=["tokens-delete"], per_user=True),
)
