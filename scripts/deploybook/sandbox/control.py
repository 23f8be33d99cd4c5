"""The sandbox's own control API, for tests and the runner: journal, reset, faults, snapshots, scenarios. No provider has it.

It gives out every credential of the sandbox and changes its state, so it is for whoever holds the token of this start alone. A page in a
browser never is: it is refused by the Host that its name was rebound from, by its Origin, and because what changes something is no
request that a browser sends without asking first (https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS#simple_requests).
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from deploybook.sandbox.core.faults import Fault
from deploybook.sandbox.core.hosts import on_loopback_names
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.scenarios.registry import scenarios
from deploybook.sandbox.snapshots import Snapshots

READS = frozenset({"GET", "HEAD"})


def control_app(
    context: Context,
    token: str,
    *,
    exports: Callable[[], dict[str, str]],
    reset: Callable[[], Awaitable[None]],
    snapshots: Snapshots,
) -> ASGIApp:
    """The API, with ``Authorization: Bearer TOKEN``; what is not GET says ``Content-Type: application/json``.

    GET, DELETE ``/journal`` · POST ``/reset`` · GET, POST, DELETE ``/faults`` (DELETE lets the requests that are held go on;
    ``?held=dropped`` drops them; ``?scenario=NAME`` ends those of one) · POST ``/clock`` (``act``: ``stop``, ``step`` or ``run``) ·
    POST ``/snapshots`` (freeze the world; gives its ``name``), POST ``/snapshots/NAME`` (bring it back), DELETE ``/snapshots/NAME`` ·
    GET ``/exports`` · GET ``/scenarios``, POST ``/scenarios/ENTRY`` (make it), POST ``/scenarios/ENTRY/by-hand`` (what its fix tells a
    person to do at a dashboard); 409 where the service refuses it as things stand.
    """
    control = _Control(context, exports, reset, snapshots)
    app = Starlette(
        routes=[
            Route("/journal", control.journal, methods=["GET", "DELETE"]),
            Route("/reset", control.start_over, methods=["POST"]),
            Route("/faults", control.faults, methods=["GET", "POST", "DELETE"]),
            Route("/clock", control.set_clock, methods=["POST"]),
            Route("/snapshots", control.take_snapshot, methods=["POST"]),
            Route("/snapshots/{name}", control.use_snapshot, methods=["POST", "DELETE"]),
            Route("/exports", control.show_exports),
            Route("/scenarios", control.list_scenarios),
            Route("/scenarios/{entry}", control.make_scenario, methods=["POST"]),
            Route("/scenarios/{entry}/by-hand", control.make_scenario, methods=["POST"]),
        ],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=_guard(token))],
    )
    return on_loopback_names(app)


def _guard(token: str) -> Callable[[Request, RequestResponseEndpoint], Awaitable[Response]]:
    async def guard(request: Request, answer: RequestResponseEndpoint) -> Response:
        if "origin" in request.headers:
            return JSONResponse({"error": "no page in a browser may ask"}, 403)
        sent = request.headers.get("authorization", "")
        if not hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
            return JSONResponse({"error": "the token of this start is missing: DEPLOYBOOK_SANDBOX_TOKEN"}, 401)
        if request.method not in READS and request.headers.get("content-type") != "application/json":
            return JSONResponse({"error": "Content-Type must be application/json"}, 415)
        return await answer(request)

    return guard


class _Control:
    """The handlers, over the state of this sandbox."""

    def __init__(
        self,
        context: Context,
        exports: Callable[[], dict[str, str]],
        reset: Callable[[], Awaitable[None]],
        snapshots: Snapshots,
    ) -> None:
        self._context = context
        self._exports = exports
        self._reset = reset
        self._snapshots = snapshots

    async def journal(self, request: Request) -> JSONResponse:
        if request.method == "DELETE":
            self._context.journal.clear()
            return JSONResponse([])
        return JSONResponse(self._context.journal.as_dicts(request.query_params.getlist("service")))

    async def start_over(self, _: Request) -> JSONResponse:
        await self._reset()
        return JSONResponse({})

    async def faults(self, request: Request) -> JSONResponse:
        faults = self._context.faults
        if request.method == "GET":
            return JSONResponse([asdict(fault) for fault in faults.armed if fault.times > 0])
        if request.method == "DELETE":
            carry_out = request.query_params.get("held") != "dropped"
            if scenario := request.query_params.get("scenario"):
                faults.end(scenario, carry_out=carry_out)
            else:
                faults.clear(carry_out=carry_out)
            return JSONResponse({})
        try:
            faults.inject(Fault(**await request.json()))
        except (TypeError, ValueError) as problem:
            return JSONResponse({"error": str(problem)}, status_code=400)
        return JSONResponse({})

    async def set_clock(self, request: Request) -> JSONResponse:
        acts = {"stop": self._context.clock.stop, "run": self._context.clock.run}
        act = (await request.json()).get("act")
        if act == "step":
            await self._context.clock.step()
        elif act in acts:
            acts[act]()
        else:
            return JSONResponse({"error": "act must be stop, step or run"}, status_code=400)
        return JSONResponse({})

    async def take_snapshot(self, _: Request) -> JSONResponse:
        try:
            return JSONResponse({"name": await self._snapshots.take()})
        except Refusal as refusal:
            return JSONResponse({"error": refusal.message}, refusal.status)

    async def use_snapshot(self, request: Request) -> JSONResponse:
        act = self._snapshots.restore if request.method == "POST" else self._snapshots.drop
        try:
            await act(request.path_params["name"])
        except Refusal as refusal:
            return JSONResponse({"error": refusal.message}, refusal.status)
        except Exception as problem:  # noqa: BLE001 - whoever asked is told why there is no world now
            return JSONResponse({"error": f"{type(problem).__name__}: {problem}"}, 500)
        return JSONResponse({})

    async def show_exports(self, _: Request) -> JSONResponse:
        return JSONResponse(self._exports())

    async def list_scenarios(self, _: Request) -> JSONResponse:
        return JSONResponse(
            {
                entry: {"how": scenario.how, "by_hand": scenario.by_hand is not None}
                for entry, scenario in scenarios().items()
            }
        )

    async def make_scenario(self, request: Request) -> JSONResponse:
        scenario = scenarios().get(request.path_params["entry"])
        by_hand = request.url.path.endswith("/by-hand")
        act = (scenario.by_hand if by_hand else scenario.make) if scenario else None
        if act is None:
            return JSONResponse({"error": "there is no such scenario, or nothing of it is done by hand"}, 404)
        try:
            await act(self._context)
        except Exception as problem:  # noqa: BLE001 - the caller is shown it, whatever the service's own kind of refusal
            return JSONResponse({"error": f"{type(problem).__name__}: {problem}"}, 409)
        return JSONResponse({})
