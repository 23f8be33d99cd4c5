"""The API as an ASGI app: each call's token, scope, query and rate are checked here, refusals written as Vercel's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploybook.sandbox.vercel import (
    account_responses,
    alias_responses,
    deployment_responses,
    domain_responses,
    project_responses,
    variable_responses,
)
from deploybook.sandbox.vercel.calls import Call, Operation
from deploybook.sandbox.vercel.errors import VercelError, not_implemented
from deploybook.sandbox.vercel.platform import Platform
from deploybook.sandbox.vercel.rates import charge

OPERATIONS: tuple[Operation, ...] = (
    *account_responses.OPERATIONS,
    *project_responses.OPERATIONS,
    *variable_responses.OPERATIONS,
    *domain_responses.OPERATIONS,
    *deployment_responses.OPERATIONS,
    *alias_responses.OPERATIONS,
)

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def api(platform: Platform) -> Starlette:
    """The app; a path, method, version or query parameter that it doesn't have answers 501 and says so."""
    routes = [Route(path, _endpoint(platform, one), methods=[one.method]) for one in OPERATIONS for path in one.paths]
    absent = Operation("*", (0,), "/{path:path}", _absent)
    routes.append(Route("/{path:path}", _endpoint(platform, absent), methods=_METHODS))
    return Starlette(routes=routes)


def _endpoint(platform: Platform, one: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await _perform(platform, one, request)
        except VercelError as refusal:
            return JSONResponse({"error": refusal.error(), **refusal.beside}, refusal.status, refusal.headers)

    return endpoint


async def _perform(platform: Platform, one: Operation, request: Request) -> Response:
    accounts, query = platform.state.accounts, request.query_params
    token = accounts.authenticate(request.headers.get("authorization"))
    scope = accounts.scope(token, query.get("teamId"), query.get("slug"), about_user=one.about_user)
    unknown = sorted(set(query) - one.query - {"teamId", "slug"})
    if unknown and one.method != "*":
        raise not_implemented(f"query parameter {unknown[0]} of {request.method} {request.url.path}")
    headers = charge(platform.limits, one.rates, scope.user.id if one.per_user else scope.owner_id)
    response = await one.handler(Call(request, platform, scope))
    response.headers.update(headers)
    return response


async def _absent(call: Call) -> Response:
    raise not_implemented(f"{call.request.method} {call.request.url.path}")
