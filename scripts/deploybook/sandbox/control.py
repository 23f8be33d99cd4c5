"""The sandbox's own control API, for tests and the runner: journal, reset, faults, scenarios. No provider has it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploybook.sandbox.core.faults import Fault
from deploybook.sandbox.scenarios.registry import scenarios

if TYPE_CHECKING:
    from deploybook.sandbox.host import Sandbox


def control_app(sandbox: Sandbox) -> Starlette:
    """GET, DELETE ``/journal`` · POST ``/reset`` · GET, POST, DELETE ``/faults`` (DELETE lets
    the requests that are held go on; ``?held=dropped`` drops them) · GET ``/exports`` · GET ``/scenarios``,
    POST ``/scenarios/ENTRY`` (make it), POST ``/scenarios/ENTRY/by-hand`` (what its fix tells a person to do at a dashboard); 409 where the
    service refuses it as things stand.
    """
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
            context.faults.clear(carry_out=request.query_params.get("held") != "dropped")
            return JSONResponse({})
        try:
            context.faults.inject(Fault(**await request.json()))
        except (TypeError, ValueError) as problem:
            return JSONResponse({"error": str(problem)}, status_code=400)
        return JSONResponse({})

    async def exports(_: Request) -> JSONResponse:
        return JSONResponse(sandbox.exports())

    async def list_scenarios(_: Request) -> JSONResponse:
        known = scenarios().values()
        return JSONResponse({each.entry: {"how": each.how, "by_hand": each.by_hand is not None} for each in known})

    async def make_scenario(request: Request) -> JSONResponse:
        found = scenarios().get(request.path_params["entry"])
        hand = request.url.path.endswith("/by-hand")
        act = (found.by_hand if hand else found.make) if found else None
        if act is None:
            return JSONResponse({"error": "there is no such scenario, or nothing of it is done by hand"}, 404)
        try:
            await act(context)
        except Exception as problem:  # noqa: BLE001 - whoever asked is told, whatever the service's own kind of refusal
            return JSONResponse({"error": f"{type(problem).__name__}: {problem}"}, 409)
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/journal", journal, methods=["GET", "DELETE"]),
            Route("/reset", reset, methods=["POST"]),
            Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
            Route("/exports", exports),
            Route("/scenarios", list_scenarios),
            Route("/scenarios/{entry}", make_scenario, methods=["POST"]),
            Route("/scenarios/{entry}/by-hand", make_scenario, methods=["POST"]),
        ]
    )
