"""Render's whole listener: ``/v1``, deploy hooks and the dashboard, from the three modules that hold the endpoints."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploybook.sandbox.render.dashboard import Dashboard
from deploybook.sandbox.render.deployer import Deployer
from deploybook.sandbox.render.deploys import DeploysApi
from deploybook.sandbox.render.models import Cloud, Refusal
from deploybook.sandbox.render.requests import READ, Gate, error
from deploybook.sandbox.render.services import ServicesApi

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def render_app(cloud: Cloud, deployer: Deployer, gate: Gate, dashboard: Dashboard) -> Starlette:
    """The ASGI app; what is not implemented says so, behind the key like everything else."""
    services = ServicesApi(cloud, deployer, gate, f"{dashboard.base_url}/dashboard")
    deploys = DeploysApi(cloud, deployer, gate)

    async def missing(request: Request) -> Response:
        raise Refusal(501, f"not implemented in the sandbox: {request.method} {request.url.path}")

    async def nowhere(request: Request) -> Response:
        return error(Refusal(404, f"not implemented in the sandbox: {request.method} {request.url.path}"))

    return Starlette(
        routes=[
            *services.routes(),
            *deploys.routes(),
            Route("/v1/{path:path}", gate.guard(missing, READ), methods=_METHODS),
            *dashboard.routes(),
            Route("/{path:path}", nowhere, methods=_METHODS),
        ]
    )
