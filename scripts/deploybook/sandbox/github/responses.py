"""GitHub's whole listener: the API, and the web page on which a person makes a fine-grained token."""

from __future__ import annotations

import html

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from deploybook.sandbox.github.actions import Actions
from deploybook.sandbox.github.actions_api import ActionsApi
from deploybook.sandbox.github.models import Refusal
from deploybook.sandbox.github.repository_api import RepositoryApi
from deploybook.sandbox.github.requests import Gate
from deploybook.sandbox.github.wire import Wire

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
TOKEN_PAGE = "/settings/personal-access-tokens/new"


def github_app(actions: Actions, gate: Gate, url: str) -> Starlette:
    """The ASGI app; what is not implemented says so, behind the token like everything else."""
    wire = Wire(actions.repository, url, url)

    async def user(_: Request) -> Response:
        return JSONResponse(wire.user())

    async def missing(request: Request) -> Response:
        raise Refusal(501, f"not implemented in the sandbox: {request.method} {request.url.path}")

    async def new_token(request: Request) -> Response:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        given = value if scheme.lower() == "bearer" else request.cookies.get("user_session", "")
        if gate.tokens.find(given) is not gate.tokens.operator:
            return HTMLResponse("<!doctype html><title>Sign in to GitHub</title>", 401)
        try:
            token = gate.tokens.issue({str(name): str(level) for name, level in (await request.form()).items()})
        except ValueError as problem:
            return HTMLResponse(f"<!doctype html><title>New token</title><p>{html.escape(str(problem))}</p>", 422)
        return HTMLResponse(f'<!doctype html><title>New token</title><code id="new-oauth-token">{token.value}</code>')

    repository = RepositoryApi(actions.repository, actions, gate, wire)
    return Starlette(
        routes=[
            Route("/user", gate.guard(user, {})),
            *repository.routes(),
            *ActionsApi(actions.repository, actions, gate, wire).routes(),
            Route(TOKEN_PAGE, new_token, methods=["POST"]),
            Route("/repos/{owner}/{repo}/{path:path}", gate.guard(missing, {}), methods=_METHODS),
            Route("/{path:path}", gate.guard(missing, {}), methods=_METHODS),
        ]
    )
