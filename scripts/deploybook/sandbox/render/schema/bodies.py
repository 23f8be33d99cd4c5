"""The bodies that Render takes (schemas ``servicePOST``, ``servicePATCH``, … of render.json).

What Render does not know is refused with 400; what Render knows and the sandbox does not do is refused with 501.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from deploybook.sandbox.core.refusals import Refusal, not_implemented
from deploybook.sandbox.core.schema import Body, NotHereUnlessEmpty
from deploybook.sandbox.render.state.images import full_path
from deploybook.sandbox.render.state.workers import Settings

# Schema paidPlan: a worker has no free plan.
Plan = Literal[
    "starter", "standard", "pro", "pro_plus", "pro_max", "pro_ultra", "0.5c-512mb", "1c-2g", "2c-4g", "2c-8g", "2c-16g",
    "4c-8g", "4c-16g", "4c-32g", "8c-16g", "8c-32g", "8c-64g", "12c-24g", "12c-48g", "12c-96g",
]  # fmt: skip
Region = Literal["frankfurt", "ohio", "oregon", "singapore", "virginia"]
Kind = Literal["background_worker", "cron_job", "private_service", "static_site", "web_service"]
Runtime = Literal["docker", "elixir", "go", "image", "node", "python", "ruby", "rust"]
_KEY = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_REPO = re.compile(r"https://(github\.com|gitlab\.com|bitbucket\.org)/[\w.-]+/[\w.-]+")


def checked_key(key: str) -> str:
    """A variable's name that Render accepts."""
    if not _KEY.fullmatch(key):
        raise Refusal(400, f"invalid environment variable key {key!r}")
    return key


def _checked_repo(repo: str) -> str:
    if repo and not _REPO.fullmatch(repo):
        raise Refusal(400, f"invalid or unfetchable repo {repo}")
    return repo


class CamelBody(Body):
    """A body of Render's; null is as good as absent, for its Terraform provider sends it for what is not set."""

    model_config = ConfigDict(alias_generator=to_camel)


class ValueBody(CamelBody):
    """A variable's value, or the wish for a fresh one."""

    key: str | None = None
    value: str | None = None
    generate_value: bool | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> ValueBody:
        if (self.value is None) == (self.generate_value is None) or self.generate_value is False:
            raise Refusal(400, "exactly one of value (a string) and generateValue (true) is required")
        return self

    def text(self) -> str:
        """The value; a generated one is 256 random bits in base64."""
        return self.value if self.value is not None else base64.b64encode(secrets.token_bytes(32)).decode()


class VariableBody(ValueBody):
    """A variable with its name."""

    key: Annotated[str, AfterValidator(checked_key)]


Variables = list[VariableBody]


def pairs(variables: Iterable[VariableBody]) -> list[tuple[str, str]]:
    """Names and values; two of one name are refused."""
    made = [(variable.key, variable.text()) for variable in variables]
    if len(dict(made)) != len(made):
        raise Refusal(400, "environment variable keys must be unique")
    return made


class DockerBody(CamelBody):
    """``envSpecificDetails`` of a Docker service."""

    docker_command: str | None = None
    docker_context: str | None = None
    dockerfile_path: str | None = None
    registry_credential_id: NotHereUnlessEmpty = None


class PreviewsBody(CamelBody):
    """When previews are made."""

    generation: Literal["off", "manual", "automatic"] | None = None


class DetailsBody(CamelBody):
    """``serviceDetails`` as a PATCH may hold them."""

    runtime: Runtime | None = None
    plan: Plan | None = None
    env_specific_details: DockerBody | None = None
    pre_deploy_command: str | None = None
    previews: PreviewsBody | None = None
    pull_request_previews_enabled: Any = None
    max_shutdown_delay_seconds: int | None = Field(default=None, ge=1, le=300)

    def changes(self) -> dict[str, Any]:
        """What these details set, by the names of ``Settings``."""
        if self.runtime not in {None, "docker", "image"}:
            raise not_implemented(f"runtime {self.runtime}")
        docker = self.env_specific_details or DockerBody()
        return {
            "runtime": self.runtime,
            "plan": self.plan,
            "docker_command": docker.docker_command,
            "docker_context": docker.docker_context,
            "dockerfile_path": docker.dockerfile_path,
            "pre_deploy_command": self.pre_deploy_command,
            "previews": self.previews and self.previews.generation,
            "max_shutdown_delay": self.max_shutdown_delay_seconds,
        }


class NewDetailsBody(DetailsBody):
    """``serviceDetails`` as a POST may hold them."""

    env: Any = None
    region: Region | None = None
    num_instances: int | None = Field(default=None, ge=1, le=100)
    autoscaling: NotHereUnlessEmpty = None
    disk: NotHereUnlessEmpty = None
    build_source_id: NotHereUnlessEmpty = None

    def changes(self) -> dict[str, Any]:
        """The same with what only a new service can choose."""
        return super().changes() | {"region": self.region, "instances": self.num_instances}


class ImageBody(CamelBody):
    """The image of an image-backed service."""

    owner_id: str | None = None
    image_path: str | None = None
    registry_credential_id: NotHereUnlessEmpty = None


class BuildFilterBody(CamelBody):
    """Which changed files lead to a build."""

    paths: list[str] | None = None
    ignored_paths: list[str] | None = None


class ServiceBody(CamelBody):
    """A PATCH of a service (``servicePATCH``)."""

    name: str | None = Field(default=None, min_length=1)
    repo: Annotated[str, AfterValidator(_checked_repo)] | None = None
    branch: str | None = None
    root_dir: str | None = None
    image: ImageBody | None = None
    auto_deploy: Literal["yes", "no"] | None = None
    auto_deploy_trigger: Literal["commit", "off", "checksPass"] | None = None
    build_filter: BuildFilterBody | None = None
    service_details: DetailsBody | None = None

    @model_validator(mode="after")
    def _one_trigger(self) -> ServiceBody:
        if self.auto_deploy is not None and self.auto_deploy_trigger is not None:
            raise Refusal(400, "autoDeploy and autoDeployTrigger cannot both be set")
        return self

    def applied(self, settings: Settings) -> Settings:
        """``settings`` with what the body sets."""
        image = self.image.image_path if self.image else None
        changes: dict[str, Any] = {
            "name": self.name,
            "repo": self.repo or None,
            "branch": self.branch or None,
            "root_dir": self.root_dir,
            "image_path": full_path(image) if image else None,
            "auto_deploy_trigger": self.auto_deploy_trigger
            or {"yes": "commit", "no": "off"}.get(self.auto_deploy or ""),
            "build_filter": self.build_filter and _build_filter(self.build_filter),
        }
        changes |= (self.service_details or DetailsBody()).changes()
        return replace(settings, **{name: value for name, value in changes.items() if value is not None})


def _build_filter(body: BuildFilterBody) -> dict[str, list[str]]:
    return {"paths": body.paths or [], "ignoredPaths": body.ignored_paths or []}


class NewServiceBody(ServiceBody):
    """A POST of a service (``servicePOST``)."""

    type: Kind
    name: str = Field(min_length=1)
    owner_id: str = Field(min_length=1)
    env_vars: Variables | None = None
    secret_files: NotHereUnlessEmpty = None
    environment_id: NotHereUnlessEmpty = None
    service_details: NewDetailsBody | None = None

    def settings(self) -> Settings:
        """The settings of the new service."""
        if self.type != "background_worker":
            raise not_implemented(f"service type {self.type}")
        if not self.service_details or not self.service_details.runtime:
            raise Refusal(400, "serviceDetails.runtime is required")
        settings = self.applied(Settings(name=self.name, branch="main"))
        if settings.runtime == "image":
            if not settings.image_path:
                raise Refusal(400, "image.imagePath is required for runtime image")
            return settings
        if not settings.repo:
            raise Refusal(400, "repo is required for runtime docker")
        context, dockerfile = settings.docker_context or ".", settings.dockerfile_path or "./Dockerfile"
        return replace(settings, docker_context=context, dockerfile_path=dockerfile)


class DeployBody(CamelBody):
    """A POST of a deploy."""

    clear_cache: Literal["clear", "do_not_clear"] | None = None
    commit_id: str | None = None
    image_url: str | None = None
    deploy_mode: str | None = None
    build_id: NotHereUnlessEmpty = None


class RollbackBody(CamelBody):
    """The deploy to go back to."""

    deploy_id: str


class ScaleBody(CamelBody):
    """How many copies to run."""

    num_instances: int = Field(ge=1, le=100)
