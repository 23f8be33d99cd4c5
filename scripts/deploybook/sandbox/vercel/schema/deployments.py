"""Deployments, their logs and their aliases: ``createDeployment`` … ``getDeploymentEvents``, ``listAliases``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasPath, Field, PlainSerializer

from deploybook.sandbox.core.schema import if_any
from deploybook.sandbox.vercel.schema import Body, Moment, View
from deploybook.sandbox.vercel.schema.accounts import CreatorView, CreatorWithEmailView
from deploybook.sandbox.vercel.schema.projects import SettingsBody
from deploybook.sandbox.vercel.state.deployments import Deployment, Event


class FileBody(Body):
    """A file of a deployment: by digest, or with its content."""

    file: str
    sha: str | None = None
    size: int | None = None
    data: str | None = None
    encoding: Literal["base64", "utf-8"] = "utf-8"
    mode: int | None = None  # beyond the description: the CLI sends it


class GitSourceBody(Body):
    """A commit of the linked repository, for GitHub."""

    type: Literal["github"]
    ref: str
    sha: str | None = None
    repo_id: int | str | None = None
    org: str | None = None
    repo: str | None = None


class BuildBody(Body):
    """Variables of the build alone."""

    env: dict[str, str] = Field(default_factory=dict)


class DeploymentBody(Body):
    """A deployment to make; beyond the description the CLI sends ``env``, ``build``, ``source`` and ``version``."""

    name: str | None = None
    project: str | None = None
    deployment_id: str | None = None
    files: list[FileBody] | None = None
    git_source: GitSourceBody | None = None
    git_metadata: dict[str, Any] | None = None
    meta: dict[str, Annotated[str, Field(max_length=65536)]] = Field(default_factory=dict)
    project_settings: SettingsBody | None = None
    target: str | None = None
    custom_environment_slug_or_id: str | None = None
    env: dict[str, str] = Field(default_factory=dict)
    build: BuildBody | None = None
    source: Literal["cli"] | None = None
    version: Literal[2] | None = None


class AliasBody(Body):
    """A name to give to a deployment."""

    alias: str
    redirect: str | None = None


class ReferenceView(View):
    """A project or a team as a deployment names it."""

    id: str
    name: str


class TeamReferenceView(ReferenceView):
    """A team as a deployment names it."""

    slug: str


class LinkView(View):
    """A deployment as its aliases name it."""

    id: str
    url: str


def _optional(attribute: str) -> Any:
    """A field that is absent, and not null, while the resource's ``attribute`` is None."""
    return Field(default=None, validation_alias=attribute, exclude_if=lambda value: value is None)


def _alias_error(message: str | None) -> dict[str, str] | None:
    return None if message is None else {"code": "alias_failed", "message": message}


class _DeploymentView(View):
    """What a deployment in a list and one by itself share."""

    name: str
    url: str
    project_id: str = Field(validation_alias=AliasPath("project", "id"))
    ready_state: str = Field(validation_alias="state")
    ready_substate: str | None = if_any()
    type: str = "LAMBDAS"
    meta: dict[str, str]
    created_at: int
    building_at: int
    creator: CreatorView
    inspector_url: str
    source: str | None = if_any()
    ready: int | None = _optional("ready_at")
    error_code: str | None = if_any()
    error_message: str | None = if_any()
    alias_error: Annotated[str | None, PlainSerializer(_alias_error)] = if_any()


class ListedDeploymentView(_DeploymentView):
    """A deployment in a list (``getDeployments``): here the id is ``uid``, and ``target`` is null for a preview."""

    uid: str = Field(validation_alias="id")
    state: str
    target: str | None
    created: int = Field(validation_alias="created_at")
    alias_assigned: Annotated[int | None, PlainSerializer(lambda moment: moment or False)] = Field(
        validation_alias="alias_assigned_at"
    )
    project_settings: dict[str, Any] = Field(default_factory=dict)


class DeploymentView(_DeploymentView):
    """A deployment by itself (``getDeployment``); what it has not come to is absent."""

    id: str
    owner_id: str = Field(validation_alias=AliasPath("owner", "id"))
    version: int = 2
    status: str = Field(validation_alias="state")
    plan: str = "pro"
    public: bool = False
    regions: tuple[str, ...] = ("iad1",)
    created_in: str = "iad1"
    booted_at: int = Field(validation_alias="initialized_at")
    build_skipped: bool = False
    is_in_concurrent_builds_queue: bool = False
    is_in_system_builds_queue: bool = False
    env: Annotated[dict[str, str], PlainSerializer(sorted)] = Field(validation_alias="variables")
    build: Annotated[dict[str, str], PlainSerializer(lambda values: {"env": sorted(values)})] = Field(
        validation_alias="variables"
    )
    routes: tuple[str, ...] = ()
    alias: list[str] = Field(validation_alias="aliases")
    automatic_aliases: tuple[str, ...] = ()
    user_aliases: list[str] = Field(validation_alias="aliases")
    alias_assigned: Annotated[int | None, PlainSerializer(lambda moment: moment is not None)] = Field(
        validation_alias="alias_assigned_at"
    )
    project_settings: Annotated[
        dict[str, Any], PlainSerializer(lambda settings: {k: v for k, v in settings.items() if k != "nodeVersion"})
    ] = Field(validation_alias="settings")
    project: ReferenceView
    target: str | None = if_any()
    team: TeamReferenceView | None = if_any()
    alias_assigned_at: int | None = if_any()
    canceled_at: int | None = if_any()
    git_source: dict[str, Any] | None = if_any()
    error_step: Annotated[str | None, PlainSerializer(lambda _: "buildStep")] = _optional("error_code")


def build(deployment: Deployment) -> dict[str, Any]:
    """The deployment's only build, as ``vercel inspect`` reads it from a path that the description does not have."""
    output = [
        {"type": "file", "path": path, "size": len(content), "mode": 0o100644}
        for path, content in deployment.output.items()
    ]
    return {
        "id": f"bld_{deployment.id.removeprefix('dpl_')[:9].lower()}",
        "deploymentId": deployment.id,
        "entrypoint": ".",
        "use": "@vercel/vc-build",
        "readyState": deployment.state,
        "readyStateAt": deployment.ready_at or deployment.created_at,
        "createdAt": deployment.created_at,
        "createdIn": "iad1",
        "output": output,
    }


def event(line: Event, deployment: Deployment) -> dict[str, Any]:
    """One line of the build log (``getDeploymentEvents``)."""
    payload = {
        "deploymentId": deployment.id,
        "id": line.id,
        "date": line.created,
        "serial": line.id,
        "text": line.text,
        "info": {"type": "build", "name": f"bld_{deployment.id[4:12]}", "entrypoint": "."},
    }
    return {"type": line.kind, "created": line.created, "payload": payload, "text": line.text, "serial": line.id}


class LogLineView(View):
    """One line of the runtime log (``getRuntimeLogs``)."""

    row_id: str = Field(validation_alias="id")
    timestamp_in_ms: int = Field(validation_alias="created")
    level: str
    message: str
    message_truncated: bool = False
    domain: str
    request_method: str = Field(validation_alias="method")
    request_path: str = Field(validation_alias="path")
    response_status_code: int = Field(validation_alias="status")


class OwnAliasView(View):
    """An alias as its deployment lists it (``listDeploymentAliases``)."""

    uid: str
    alias: str
    created: Moment = Field(validation_alias="created_at")
    redirect: None = None


class AliasView(OwnAliasView):
    """An alias (``listAliases``)."""

    created_at: int
    updated_at: int
    creator: CreatorWithEmailView = Field(validation_alias=AliasPath("deployment", "creator"))
    deployment: LinkView
    deployment_id: str = Field(validation_alias=AliasPath("deployment", "id"))
    project_id: str = Field(validation_alias=AliasPath("deployment", "project", "id"))
