"""Files and deployments: ``uploadFile``, ``createDeployment`` … ``getDeploymentEvents``, ``getRuntimeLogs``."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import PurePosixPath
from typing import Any

from starlette.responses import Response, StreamingResponse

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.vercel.api import Call, operation
from deploybook.sandbox.vercel.backend.platform import Order
from deploybook.sandbox.vercel.schema import deployments as schema
from deploybook.sandbox.vercel.schema.deployments import (
    DeploymentBody,
    DeploymentView,
    FileBody,
    GitSourceBody,
    ListedDeploymentView,
    LogLineView,
)
from deploybook.sandbox.vercel.state.deployments import GOING, Deployment, Event
from deploybook.sandbox.vercel.state.projects import Project
from deploybook.sandbox.vercel.state.refusals import bad_request, git_source_refused, no_environment, not_found

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
    desired = await _order(call, await call.body(DeploymentBody))
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


async def _order(call: Call, body: DeploymentBody) -> Order:
    """What to deploy. Every refusal but one of the git source comes before anything is made."""
    production = _is_production(body)
    if body.deployment_id is not None:
        return _again(call, body, call.state.deployment(body.deployment_id, call.caller.owner.id))
    if body.name is None:
        raise bad_request("Invalid request: missing required property `name`.", keyword="required")
    if body.files is None and body.git_source is None:
        raise bad_request("Invalid request: missing required property `files` or `gitSource`.", keyword="required")
    files = _contents(call, body.files or [])
    settings = body.project_settings.sent() if body.project_settings else {}
    project = await _project(call, body, settings)
    git_source = _source(project, body.git_source) if body.git_source else None
    if settings or call.flag("skipAutoDetectionConfirmation"):
        project.is_configured = True
    return Order(
        project,
        call.caller,
        production,
        "api-trigger-git-deploy" if git_source else body.source,
        files,
        git_source,
        body.meta,
        {name: value for name, value in settings.items() if value is not None},
        body.env,
    )


def _is_production(body: DeploymentBody) -> bool:
    if body.custom_environment_slug_or_id is not None or body.target not in {None, "production", "preview"}:
        raise no_environment(body.custom_environment_slug_or_id or body.target)
    return body.target == "production"


def _again(call: Call, body: DeploymentBody, old: Deployment) -> Order:
    """A redeployment: the sources of then, the project's variables of now."""
    production = old.production if body.target is None else body.target == "production"
    settings = body.project_settings.sent() if body.project_settings else old.settings
    meta = {**old.meta, **body.meta, "originalDeploymentId": old.id}
    return Order(old.project, call.caller, production, "redeploy", old.files, old.git_source, meta, settings, body.env)


async def _project(call: Call, body: DeploymentBody, settings: dict[str, Any]) -> Project:
    """The project of that name or id, or a new one of the deployment's name, as Vercel makes it."""
    project = call.state.projects.find(body.project or str(body.name), call.caller.owner.id)
    if project is None and body.project is not None:
        raise not_found("Project not found.")
    # Without any settings Vercel wants them confirmed first; ``skipAutoDetectionConfirmation=1`` takes what it detects.
    is_configured = project is not None and project.is_configured
    if not (settings or is_configured or call.flag("skipAutoDetectionConfirmation")):
        raise Refusal(
            400,
            "The `projectSettings` object is required for new projects, but is missing in the deployment payload",
            "missing_project_settings",
            framework={"name": "Other", "slug": None},
            projectSettings={"buildCommand": None, "devCommand": None, "outputDirectory": None, "framework": None},
        )
    return project or await call.state.create_project(call.caller, str(body.name), settings)


def _contents(call: Call, files: list[FileBody]) -> dict[str, bytes]:
    inline: dict[str, bytes] = {}
    digests: dict[str, str] = {}
    for file in files:
        path = PurePosixPath(file.file)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise bad_request(f"Invalid request: the file path `{file.file}` is not valid.")
        if file.data is not None:
            inline[str(path)] = _decoded(file, file.data)
        else:
            digests[str(path)] = (file.sha or "").lower()
    return inline | call.state.uploaded(digests)


def _decoded(file: FileBody, data: str) -> bytes:
    if file.encoding == "utf-8":
        return data.encode()
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise bad_request(f"Invalid request: the data of `{file.file}` is not valid base64.") from None


def _source(project: Project, source: GitSourceBody) -> dict[str, Any]:
    """The commit, if it is of the repository that the project is linked to."""
    repository = project.repository
    if repository is None:
        raise git_source_refused("The project isn't connected to a Git repository; link one to deploy a gitSource.")
    named = source.org is not None and source.repo is not None
    if not named and source.repo_id is None:
        raise bad_request("Invalid request: `gitSource` needs `repoId`, or `org` and `repo`.")
    by_name = (str(source.org).lower(), str(source.repo).lower()) == (repository.owner.lower(), repository.name.lower())
    by_id = source.repo_id is not None and str(source.repo_id) == str(repository.id)
    if not (by_name or by_id) or source.type != repository.type:
        raise git_source_refused("The gitSource is not the repository that the project is connected to.")
    sha = source.sha or hashlib.sha1(f"{repository.id} {source.ref}".encode(), usedforsecurity=False).hexdigest()
    return {
        "type": source.type,
        "org": repository.owner,
        "repo": repository.name,
        "repoId": repository.id,
        "ref": source.ref,
        "sha": sha,
    }


_ONE = "/deployments/{id}"
_NAMED = "/deployments/{idOrUrl}"
_CREATING = "forceNew withCache skipAutoDetectionConfirmation prebuilt"
_CREATES = "deployments-per-five-minutes deployments-per-hour deployments-per-day deployments-free-per-day"
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
