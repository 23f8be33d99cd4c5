"""Files and deployments: ``uploadFile``, ``createDeployment`` … ``getDeploymentEvents``, ``getRuntimeLogs``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.responses import Response, StreamingResponse

from deploybook.sandbox.vercel.api import Call, operation
from deploybook.sandbox.vercel.routes.orders import order
from deploybook.sandbox.vercel.schema import deployments as schema
from deploybook.sandbox.vercel.schema.deployments import (
    DeploymentBody,
    DeploymentView,
    ListedDeploymentView,
    LogLineView,
)
from deploybook.sandbox.vercel.state.deployments import GOING, Deployment, Event
from deploybook.sandbox.vercel.state.refusals import bad_request

_LINES = "application/stream+json"


async def _upload(call: Call) -> dict[str, Any]:
    headers = call.request.headers
    digest = headers.get("x-vercel-digest") or headers.get("x-now-digest")
    size = headers.get("x-now-size") or headers.get("content-length")
    if size is not None and not size.isdecimal():
        raise bad_request("File size is not valid")
    call.state.add_file(digest, await call.request.body(), int(size) if size else None)
    return {"urls": []}


async def _create(call: Call) -> DeploymentView:
    """The newest deployment if nothing changed since, unless ``forceNew`` is set."""
    desired = await order(call, await call.body(DeploymentBody))
    unchanged = None if call.flag("forceNew") else call.state.unchanged(desired)
    return DeploymentView.model_validate(unchanged or await call.state.deploy(desired))


async def _get(call: Call) -> DeploymentView:
    return DeploymentView.model_validate(call.deployment("idOrUrl"))


async def _list(call: Call) -> dict[str, Any]:
    owner, project = call.caller.owner.id, call.query("projectId")
    wanted = {"name": call.query("app"), "target": call.query("target")}
    states = set((call.query("state") or "").upper().split(",")) - {""}
    if project is not None:
        project = call.state.projects.get(project, owner).id
    matches = [
        one
        for one in call.state.deployments.values()
        if one.owner.id == owner
        and project in {None, one.project.id}
        and wanted["name"] in {None, one.name}
        and wanted["target"] in {None, one.environment}
        and (not states or one.state in states)
    ]
    page, pagination = call.page(matches, lambda one: one.created_at)
    return {"deployments": [ListedDeploymentView.model_validate(one) for one in page], "pagination": pagination}


async def _cancel(call: Call) -> DeploymentView:
    deployment = call.deployment()
    await call.state.cancel(deployment)
    return DeploymentView.model_validate(deployment)


async def _delete(call: Call) -> dict[str, Any]:
    deployment = call.deployment()
    await call.state.delete_deployment(deployment)
    return {"uid": deployment.id, "state": "DELETED"}


async def _events(call: Call) -> Any:
    """An array, or with ``follow=1`` (and the CLI's ``format=lines``) one JSON value a line until the deployment ends."""
    deployment, matches = call.deployment("idOrUrl"), _in_time(call)
    if call.flag("follow"):
        return StreamingResponse(_follow(deployment, matches), media_type=_LINES)
    events = [event for event in deployment.events if matches(event)]
    limit = call.integer("limit")
    if call.query("direction") == "backward":
        events.reverse()
    if limit is not None and limit >= 0:
        events = events[:limit]
    rows = [schema.event(event, deployment) for event in events]
    return _lines(rows) if call.query("format") == "lines" else rows


def _in_time(call: Call) -> Callable[[Event], bool]:
    since, until = call.integer("since"), call.integer("until")
    return lambda event: (since is None or event.created >= since) and (until is None or event.created <= until)


async def _follow(deployment: Deployment, matches: Callable[[Event], bool]) -> AsyncIterator[str]:
    sent = 0
    while True:
        ended = deployment.state not in GOING
        for event in deployment.events[sent:]:
            if matches(event):
                yield json.dumps(schema.event(event, deployment)) + "\n"
        sent = len(deployment.events)
        if ended:
            return
        await asyncio.sleep(0.05)


async def _builds(call: Call) -> dict[str, Any]:
    return {"builds": [schema.build(call.deployment())]}


async def _runtime_logs(call: Call) -> Response:
    project, deployment = call.project("projectId"), call.deployment("deploymentId")
    lines = deployment.logs if deployment.project is project else []
    return _lines([LogLineView.model_validate(line).model_dump(by_alias=True) for line in lines])


def _lines(rows: list[dict[str, Any]]) -> Response:
    return Response("".join(json.dumps(row) + "\n" for row in rows), media_type=_LINES)


_ONE = "/deployments/{id}"
_NAMED = "/deployments/{idOrUrl}"
_CREATING = "forceNew withCache skipAutoDetectionConfirmation prebuilt"
_CREATES = "deployments-per-five-minutes deployments-per-hour deployments-per-day"
_LISTING = "projectId app target state limit since until"
_EVENTS = "direction follow limit since until builds format delimiter name"
_LOGS = "/projects/{projectId}/deployments/{deploymentId}/runtime-logs"

OPERATIONS = (
    operation("POST", (2,), "/files", _upload, limits="uploads-per-day"),
    operation("POST", (13,), "/deployments", _create, query=_CREATING, limits=_CREATES),
    operation("GET", (6, 7), "/deployments", _list, query=_LISTING, limits="deployments-list", per_user=True),
    operation("GET", (13,), _NAMED, _get, query="withGitRepoInfo", limits="deployments-get", per_user=True),
    operation("DELETE", (13,), _ONE, _delete, limits="deployments-delete"),
    operation("DELETE", (0,), "/now" + _ONE, _delete, query="hard", limits="deployments-delete"),
    operation("PATCH", (12,), _ONE + "/cancel", _cancel),
    operation("GET", (11,), _ONE + "/builds", _builds, limits="deployments-get", per_user=True),
    operation("GET", (3,), _NAMED + "/events", _events, query=_EVENTS),
    operation("GET", (3,), "/now" + _NAMED + "/events", _events, query=_EVENTS),
    operation("GET", (1,), _LOGS, _runtime_logs),
)
