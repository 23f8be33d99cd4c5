"""From the body of ``createDeployment`` to what is to be deployed: the project, the sources, the target."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import PurePosixPath
from typing import Any

from deploybook.sandbox.vercel.calls import Call
from deploybook.sandbox.vercel.deployment_requests import File, GitSource, NewDeployment
from deploybook.sandbox.vercel.deployments import Deployment
from deploybook.sandbox.vercel.errors import VercelError, bad_request, not_found
from deploybook.sandbox.vercel.platform import Order
from deploybook.sandbox.vercel.projects import Project


async def order(call: Call, body: NewDeployment) -> Order:
    """What to deploy. Every refusal but one of the git source comes before anything is made."""
    production = _is_production(body)
    if body.deployment_id is not None:
        return _again(call, body, call.platform.state.deployment(body.deployment_id, call.scope.owner_id))
    if body.name is None:
        raise bad_request("Invalid request: missing required property `name`.", keyword="required")
    if body.files is None and body.git_source is None:
        raise bad_request("Invalid request: missing required property `files` or `gitSource`.", keyword="required")
    files = _contents(call, body.files or [])
    settings = body.project_settings.given() if body.project_settings else {}
    project = await _project(call, body, settings)
    git_source = _source(project, body.git_source) if body.git_source else None
    if settings or call.flag("skipAutoDetectionConfirmation"):
        project.is_configured = True
    return Order(
        project,
        call.scope,
        production,
        "api-trigger-git-deploy" if git_source else body.source,
        files,
        git_source,
        body.meta,
        {name: value for name, value in settings.items() if value is not None},
        body.env,
    )


def _is_production(body: NewDeployment) -> bool:
    if body.custom_environment_slug_or_id is not None or body.target not in {None, "production", "preview"}:
        wanted = body.custom_environment_slug_or_id or body.target
        raise bad_request(f"The custom environment `{wanted}` does not exist.")
    return body.target == "production"


def _again(call: Call, body: NewDeployment, old: Deployment) -> Order:
    """A redeployment: the same sources, the project's variables of today."""
    project = call.platform.state.projects.get(old.project_id, call.scope.owner_id)
    production = old.production if body.target is None else body.target == "production"
    settings = body.project_settings.given() if body.project_settings else old.settings
    meta = {**old.meta, **body.meta, "originalDeploymentId": old.id}
    return Order(project, call.scope, production, "redeploy", old.files, old.git_source, meta, settings, body.env)


async def _project(call: Call, body: NewDeployment, settings: dict[str, Any]) -> Project:
    """The project that is named, or a new one of the deployment's name, as Vercel makes it."""
    projects, owner = call.platform.state.projects, call.scope.owner_id
    found = projects.find(body.project or str(body.name), owner)
    if found is None and body.project is not None:
        raise not_found("Project not found.")
    # Without any settings Vercel wants them confirmed first; ``skipAutoDetectionConfirmation=1`` takes what it detects.
    confirmed = (
        bool(settings) or call.flag("skipAutoDetectionConfirmation") or (found is not None and found.is_configured)
    )
    if not confirmed:
        raise VercelError(
            400,
            "missing_project_settings",
            "The `projectSettings` object is required for new projects, but is missing in the deployment payload",
            framework={"name": "Other", "slug": None},
            projectSettings={"buildCommand": None, "devCommand": None, "outputDirectory": None, "framework": None},
        )
    return found or await call.platform.create_project(call.scope, str(body.name), settings)


def _contents(call: Call, files: list[File]) -> dict[str, bytes]:
    inline: dict[str, bytes] = {}
    by_digest: list[dict[str, Any]] = []
    for one in files:
        path = PurePosixPath(one.file)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise bad_request(f"Invalid request: the file path `{one.file}` is not valid.")
        if one.data is not None:
            inline[str(path)] = _decoded(one)
        else:
            by_digest.append({"file": str(path), "sha": one.sha})
    return inline | call.platform.state.gather(by_digest)


def _decoded(one: File) -> bytes:
    if one.encoding == "utf-8":
        return (one.data or "").encode()
    try:
        return base64.b64decode(one.data or "", validate=True)
    except binascii.Error:
        raise bad_request(f"Invalid request: the data of `{one.file}` is not valid base64.") from None


def _source(project: Project, source: GitSource) -> dict[str, Any]:
    """The commit, if it is of the repository that the project is linked to."""
    repository = project.repository
    if repository is None:
        raise bad_request("The project isn't connected to a Git repository; link one to deploy a gitSource.")
    named = source.org is not None and source.repo is not None
    if not named and source.repo_id is None:
        raise bad_request("Invalid request: `gitSource` needs `repoId`, or `org` and `repo`.")
    by_name = (str(source.org).lower(), str(source.repo).lower()) == (repository.owner.lower(), repository.name.lower())
    by_id = source.repo_id is not None and str(source.repo_id) == str(repository.id)
    if not (by_name or by_id) or source.type != repository.type:
        raise bad_request("The gitSource is not the repository that the project is connected to.")
    sha = source.sha or hashlib.sha1(f"{repository.id} {source.ref}".encode(), usedforsecurity=False).hexdigest()
    return {
        "type": source.type,
        "org": repository.owner,
        "repo": repository.name,
        "repoId": repository.id,
        "ref": source.ref,
        "sha": sha,
    }
