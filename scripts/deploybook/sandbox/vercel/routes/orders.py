"""From the body of ``createDeployment`` to what is to be deployed: the project, the sources, the target."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import PurePosixPath
from typing import Any

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.vercel.api import Call
from deploybook.sandbox.vercel.backend.platform import Order
from deploybook.sandbox.vercel.schema.deployments import DeploymentBody, FileBody, GitSourceBody
from deploybook.sandbox.vercel.state.deployments import Deployment
from deploybook.sandbox.vercel.state.projects import Project
from deploybook.sandbox.vercel.state.refusals import bad_request, no_environment, not_found


async def order(call: Call, body: DeploymentBody) -> Order:
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
