"""Files and deployments: ``uploadFile``, ``createDeployment`` … ``getDeploymentEvents``, ``getRuntimeLogs``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from starlette.responses import JSONResponse, Response, StreamingResponse

from deploybook.sandbox.vercel import deployment_views as views
from deploybook.sandbox.vercel.calls import Call, operation
from deploybook.sandbox.vercel.deployment_requests import NewDeployment
from deploybook.sandbox.vercel.deployments import GOING, Deployment, Event
from deploybook.sandbox.vercel.errors import bad_request
from deploybook.sandbox.vercel.ordering import order

_LINES = "application/stream+json"


async def _upload(call: Call) -> Response:
    headers = call.request.headers
    digest = headers.get("x-vercel-digest") or headers.get("x-now-digest")
    size = headers.get("x-now-size") or headers.get("content-length")
    if size is not None and not size.isdecimal():
        raise bad_request("File size is not valid")
    call.platform.state.add_file(digest, await call.request.body(), int(size) if size else None)
    return JSONResponse({"urls": []})


async def _create(call: Call) -> Response:
    wanted = await order(call, await call.body(NewDeployment))
    unchanged = None if call.flag("forceNew") else call.platform.unchanged(wanted)
    deployment = unchanged or await call.platform.deploy(wanted)
    return JSONResponse(views.deployment(deployment, call.platform.state))


async def _get(call: Call) -> Response:
    return JSONResponse(views.deployment(call.deployment("idOrUrl"), call.platform.state))


async def _list(call: Call) -> Response:
    state = call.platform.state
    project, name, target = call.query("projectId"), call.query("app"), call.query("target")
    states = set((call.query("state") or "").upper().split(",")) - {""}
    if project is not None:
        project = state.projects.get(project, call.scope.owner_id).id
    fitting = [
        one
        for one in reversed(state.deployments.values())
        if one.owner_id == call.scope.owner_id
        and project in {None, one.project_id}
        and name in {None, one.name}
        and target in {None, one.target}
        and (not states or one.state in states)
    ]
    page, pagination = call.page(fitting, lambda one: one.created_at)
    return JSONResponse({"deployments": [views.listed(one, state) for one in page], "pagination": pagination})


async def _cancel(call: Call) -> Response:
    deployment = call.deployment()
    await call.platform.cancel(deployment)
    return JSONResponse(views.deployment(deployment, call.platform.state))


async def _delete(call: Call) -> Response:
    deployment = call.deployment()
    await call.platform.delete_deployment(deployment)
    return JSONResponse({"uid": deployment.id, "state": "DELETED"})


async def _events(call: Call) -> Response:
    """An array, or with ``follow=1`` (and the CLI's ``format=lines``) one JSON value a line until the deployment ends."""
    deployment, fits = call.deployment("idOrUrl"), _in_time(call)
    if call.flag("follow"):
        return StreamingResponse(_follow(deployment, fits), media_type=_LINES)
    events = [event for event in deployment.events if fits(event)]
    limit = call.number("limit")
    if call.query("direction") == "backward":
        events.reverse()
    if limit is not None and limit >= 0:
        events = events[:limit]
    shown = [views.event(event, deployment) for event in events]
    if call.query("format") == "lines":
        return Response("".join(json.dumps(one) + "\n" for one in shown), media_type=_LINES)
    return JSONResponse(shown)


def _in_time(call: Call) -> Callable[[Event], bool]:
    since, until = call.number("since"), call.number("until")
    return lambda event: (since is None or event.created >= since) and (until is None or event.created <= until)


async def _follow(deployment: Deployment, fits: Callable[[Event], bool]) -> AsyncIterator[str]:
    sent = 0
    while True:
        ended = deployment.state not in GOING
        for event in deployment.events[sent:]:
            if fits(event):
                yield json.dumps(views.event(event, deployment)) + "\n"
        sent = len(deployment.events)
        if ended:
            return
        await asyncio.sleep(0.05)


async def _builds(call: Call) -> Response:
    return JSONResponse({"builds": [views.build(call.deployment())]})


async def _runtime_logs(call: Call) -> Response:
    project, deployment = call.project("projectId"), call.deployment("deploymentId")
    lines = deployment.logs if deployment.project_id == project.id else []
    return Response("".join(json.dumps(views.log_line(one)) + "\n" for one in lines), media_type=_LINES)


_CREATE = ["deployments-per-five-minutes", "deployments-per-hour", "deployments-per-day"]
_EVENTS = "direction follow limit since until builds format delimiter name"

OPERATIONS = (
    operation("POST", (2,), "/files", _upload, rates=["uploads-per-day"]),
    operation(
        "POST",
        (13,),
        "/deployments",
        _create,
        query="forceNew withCache skipAutoDetectionConfirmation prebuilt",
        rates=_CREATE,
    ),
    operation(
        "GET",
        (6, 7),
        "/deployments",
        _list,
        query="projectId app target state limit since until",
        rates=["deployments-list"],
        per_user=True,
    ),
    operation(
        "GET",
        (13,),
        "/deployments/{idOrUrl}",
        _get,
        query="withGitRepoInfo",
        rates=["deployments-get"],
        per_user=True,
    ),
    operation("DELETE", (13,), "/deployments/{id}", _delete, rates=["deployments-delete"]),
    operation("DELETE", (0,), "/now/deployments/{id}", _delete, query="hard", rates=["deployments-delete"]),
    operation("PATCH", (12,), "/deployments/{id}/cancel", _cancel),
    operation("GET", (11,), "/deployments/{id}/builds", _builds, rates=["deployments-get"], per_user=True),
    operation("GET", (3,), "/deployments/{idOrUrl}/events", _events, query=_EVENTS),
    operation("GET", (3,), "/now/deployments/{idOrUrl}/events", _events, query=_EVENTS),
    operation("GET", (1,), "/projects/{projectId}/deployments/{deploymentId}/runtime-logs", _runtime_logs),
)
