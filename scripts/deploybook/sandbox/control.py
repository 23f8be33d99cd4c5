"""The sandbox's own control API, for tests and the runner: journal, reset, faults. No provider has it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploybook.sandbox.faults import Fault

if TYPE_CHECKING:
    from deploybook.sandbox.host import Sandbox


def control_app(sandbox: Sandbox) -> Starlette:
    """GET, DELETE ``/journal`` · POST ``/reset`` · GET, POST, DELETE ``/faults`` · GET ``/exports``."""
    context = sandbox.context

    async def journal(request: Request) -> JSONResponse:
        if request.method == "DELETE":
            context.journal.clear()
            return JSONResponse([])
        return JSONResponse(context.journal.as_dicts(request.query_params.getlist("service")))

    async def reset(_: Request) -> JSONResponse:
        await sandbox.reset()
        return JSONResponse({})

    async def faults(request: Request) -> JSONResponse:
        if request.method == "GET":
            return JSONResponse([asdict(fault) for fault in context.faults.armed if fault.times > 0])
        if request.method == "DELETE":
            context.faults.clear()
            return JSONResponse({})
        try:
            context.faults.inject(Fault(**await request.json()))
        except (TypeError, ValueError) as problem:
            return JSONResponse({"error": str(problem)}, status_code=400)
        return JSONResponse({})

    async def exports(_: Request) -> JSONResponse:
        return JSONResponse(sandbox.exports())

    return Starlette(
        routes=[
            Route("/journal", journal, methods=["GET", "DELETE"]),
            Route("/reset", reset, methods=["POST"]),
            Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
            Route("/exports", exports),
        ]
    )
