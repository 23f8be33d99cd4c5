"""The body of a new deployment."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from deploybook.sandbox.vercel.requests import Body, ProjectSettings


class File(Body):
    """A file of a deployment: by digest, or with its content."""

    file: str
    sha: str | None = None
    size: int | None = None
    data: str | None = None
    encoding: Literal["base64", "utf-8"] = "utf-8"
    mode: int | None = None  # the CLI sends it, beyond the description


class GitSource(Body):
    """A commit of the linked repository, for GitHub."""

    type: Literal["github"]
    ref: str
    sha: str | None = None
    repo_id: int | str | None = None
    org: str | None = None
    repo: str | None = None


class BuildEnvironment(Body):
    """Variables of the build alone."""

    env: dict[str, str] = Field(default_factory=dict)


class NewDeployment(Body):
    """``createDeployment``, and beyond the description what the CLI sends: ``env``, ``build``, ``source``, ``version``."""

    name: str | None = None
    project: str | None = None
    deployment_id: str | None = None
    files: list[File] | None = None
    git_source: GitSource | None = None
    git_metadata: dict[str, Any] | None = None
    meta: dict[str, Annotated[str, Field(max_length=65536)]] = Field(default_factory=dict)
    project_settings: ProjectSettings | None = None
    target: str | None = None
    custom_environment_slug_or_id: str | None = None
    env: dict[str, str] = Field(default_factory=dict)
    build: BuildEnvironment | None = None
    source: Literal["cli"] | None = None
    version: Literal[2] | None = None
