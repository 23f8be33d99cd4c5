"""Request bodies of the services API, checked field by field (render.json: ``servicePOST``, ``servicePATCH``, …).

What Render does not know is refused with 400; what Render knows and the sandbox does not do is refused with 501.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deploybook.sandbox.render.models import Refusal, Settings

# Schema paidPlan: a worker has no free plan.
PLANS = (
    frozenset({"starter", "standard", "pro", "pro_plus", "pro_max", "pro_ultra"})
    | frozenset({"0.5c-512mb", "1c-2g", "2c-4g", "2c-8g", "2c-16g", "4c-8g", "4c-16g", "4c-32g"})
    | frozenset({"8c-16g", "8c-32g", "8c-64g", "12c-24g", "12c-48g", "12c-96g"})
)
REGIONS = frozenset({"frankfurt", "ohio", "oregon", "singapore", "virginia"})
TYPES = frozenset({"background_worker", "cron_job", "private_service", "static_site", "web_service"})
RUNTIMES = frozenset({"docker", "elixir", "go", "image", "node", "python", "ruby", "rust"})
TRIGGERS = frozenset({"commit", "off", "checksPass"})

_BASE = frozenset({"name", "repo", "branch", "rootDir", "image", "autoDeploy", "autoDeployTrigger", "buildFilter"})
_CREATE = _BASE | {"type", "ownerId", "envVars", "secretFiles", "serviceDetails", "environmentId"}
_PATCH = _BASE | {"serviceDetails"}
_DETAILS_PATCH = frozenset(
    {
        "envSpecificDetails",
        "plan",
        "preDeployCommand",
        "pullRequestPreviewsEnabled",
        "previews",
        "runtime",
        "maxShutdownDelaySeconds",
    }
)
_DETAILS_CREATE = _DETAILS_PATCH | {"autoscaling", "disk", "env", "numInstances", "region", "buildSourceId"}
_DOCKER = frozenset({"dockerCommand", "dockerContext", "dockerfilePath", "registryCredentialId"})
_NOT_DONE = frozenset({"secretFiles", "environmentId", "autoscaling", "disk", "buildSourceId", "registryCredentialId"})
_KEY = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_REPO = re.compile(r"https://(github\.com|gitlab\.com|bitbucket\.org)/[\w.-]+/[\w.-]+")

Fields = Mapping[str, Any]


def create_settings(body: object) -> tuple[str, Settings, list[tuple[str, str]]]:
    """The owner, the settings and the variables of a POST /services."""
    fields = _mapping(body, "body", _CREATE)
    for name in ("type", "name", "ownerId"):
        if not _text(fields, name):
            raise Refusal(400, f"{name} is required")
    _one_of(fields, "type", TYPES)
    if fields["type"] != "background_worker":
        raise Refusal(501, f"not implemented in the sandbox: service type {fields['type']}")
    details = _mapping(fields.get("serviceDetails") or {}, "serviceDetails", _DETAILS_CREATE)
    if not details.get("runtime"):
        raise Refusal(400, "serviceDetails.runtime is required")
    settings = _source(fields, Settings(name=fields["name"], branch="main"))
    settings = _details(details, settings)
    if settings.runtime == "image" and not settings.image_path:
        raise Refusal(400, "image.imagePath is required for runtime image")
    if settings.runtime == "docker":
        if not settings.repo:
            raise Refusal(400, "repo is required for runtime docker")
        settings = replace(
            settings,
            docker_context=settings.docker_context or ".",
            dockerfile_path=settings.dockerfile_path or "./Dockerfile",
        )
    return fields["ownerId"], settings, variables(fields.get("envVars") or [])


def patched_settings(body: object, settings: Settings) -> Settings:
    """``settings`` as a PATCH /services/{id} leaves them."""
    fields = _mapping(body, "body", _PATCH)
    if "name" in fields and not _text(fields, "name"):
        raise Refusal(400, "name must not be empty")
    settings = replace(settings, name=fields.get("name", settings.name))
    details = _mapping(fields.get("serviceDetails") or {}, "serviceDetails", _DETAILS_PATCH)
    return _details(details, _source(fields, settings))


def variables(body: object) -> list[tuple[str, str]]:
    """The pairs of a list of ``{key, value}`` and ``{key, generateValue}``; two of one key are refused."""
    if not isinstance(body, list):
        raise Refusal(400, "expected an array of environment variables")
    pairs = []
    for item in body:
        fields = _mapping(item, "envVars[]", frozenset({"key", "value", "generateValue"}))
        pairs.append((checked_key(fields.get("key")), variable_value(fields)))
    if len({key for key, _ in pairs}) != len(pairs):
        raise Refusal(400, "environment variable keys must be unique")
    return pairs


def checked_key(key: object) -> str:
    """A variable's name that Render accepts."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise Refusal(400, f"invalid environment variable key {key!r}")
    return key


def variable_value(body: object) -> str:
    """The value of ``{value}``, or a fresh one for ``{generateValue: true}`` (256 random bits in base64)."""
    fields = _mapping(body, "body", frozenset({"key", "value", "generateValue"}))
    if "value" in fields and "generateValue" not in fields and isinstance(fields["value"], str):
        return str(fields["value"])
    if fields.get("generateValue") is True and "value" not in fields:
        return base64.b64encode(secrets.token_bytes(32)).decode()
    raise Refusal(400, "exactly one of value (a string) and generateValue (true) is required")


def _source(fields: Fields, settings: Settings) -> Settings:
    repo = _text(fields, "repo") or settings.repo
    if repo and not _REPO.fullmatch(repo):
        raise Refusal(400, f"invalid or unfetchable repo {repo}")
    image = _mapping(fields.get("image") or {}, "image", frozenset({"ownerId", "imagePath", "registryCredentialId"}))
    build_filter = fields.get("buildFilter")
    if build_filter is not None:
        build_filter = {name: build_filter.get(name) or [] for name in ("paths", "ignoredPaths")}
    return replace(
        settings,
        repo=repo,
        branch=_text(fields, "branch") or settings.branch,
        root_dir=_text(fields, "rootDir") if "rootDir" in fields else settings.root_dir,
        image_path=_image_path(_text(image, "imagePath")) or settings.image_path,
        auto_deploy_trigger=_trigger(fields) or settings.auto_deploy_trigger,
        build_filter=build_filter or settings.build_filter,
    )


def _trigger(fields: Fields) -> str:
    if fields.get("autoDeploy") is not None and fields.get("autoDeployTrigger") is not None:
        raise Refusal(400, "autoDeploy and autoDeployTrigger cannot both be set")
    _one_of(fields, "autoDeploy", frozenset({"yes", "no"}))
    _one_of(fields, "autoDeployTrigger", TRIGGERS)
    by_old_name = {"yes": "commit", "no": "off"}.get(fields.get("autoDeploy") or "", "")
    return fields.get("autoDeployTrigger") or by_old_name


def _details(details: Fields, settings: Settings) -> Settings:
    _one_of(details, "runtime", RUNTIMES)
    _one_of(details, "plan", PLANS)
    _one_of(details, "region", REGIONS)
    runtime = details.get("runtime") or settings.runtime
    if runtime not in {"docker", "image"}:
        raise Refusal(501, f"not implemented in the sandbox: runtime {runtime}")
    docker = _mapping(details.get("envSpecificDetails") or {}, "envSpecificDetails", _DOCKER)
    previews = _mapping(details.get("previews") or {}, "previews", frozenset({"generation"}))
    _one_of(previews, "generation", frozenset({"off", "manual", "automatic"}))
    return replace(
        settings,
        runtime=runtime,
        plan=details.get("plan") or settings.plan,
        region=details.get("region") or settings.region,
        instances=checked_number(details, "numInstances", 1, 100, settings.instances),
        docker_command=_text(docker, "dockerCommand", settings.docker_command),
        docker_context=_text(docker, "dockerContext", settings.docker_context),
        dockerfile_path=_text(docker, "dockerfilePath", settings.dockerfile_path),
        pre_deploy_command=_text(details, "preDeployCommand", settings.pre_deploy_command),
        previews=previews.get("generation") or settings.previews,
        max_shutdown_delay=checked_number(details, "maxShutdownDelaySeconds", 1, 300, settings.max_shutdown_delay),
    )


def _image_path(path: str) -> str:
    """``nginx`` is read back as ``docker.io/library/nginx:latest`` (recorded by the Terraform provider)."""
    if not path:
        return ""
    host, slash, rest = path.partition("/")
    if not slash:
        path = f"docker.io/library/{path}"
    elif "." not in host and ":" not in host:
        path = f"docker.io/{host}/{rest}"
    return path if ":" in path.rpartition("/")[2] or "@" in path else f"{path}:latest"


def deployed_image(settings: Settings, wanted: object) -> str | None:
    """The image of one deploy (``imageUrl``, a hook's ``imgURL``): only tag or digest may differ from the service's."""
    if wanted is None:
        return None
    if not isinstance(wanted, str) or settings.runtime != "image":
        raise Refusal(400, "an image can be deployed to an image-backed service only")
    image = _image_path(wanted)
    if _image_name(image) != _image_name(settings.image_path):
        raise Refusal(400, "the host, repository and image name must match the service's image")
    return image


def _image_name(image: str) -> str:
    path, _, last = image.partition("@")[0].rpartition("/")
    return f"{path}/{last.partition(':')[0]}"


def mapping(body: object, allowed: frozenset[str]) -> Fields:
    """A JSON object with no field besides ``allowed``."""
    return _mapping(body, "body", allowed)


def _mapping(body: object, where: str, allowed: frozenset[str]) -> Fields:
    if not isinstance(body, dict):
        raise Refusal(400, f"{where} must be an object")
    for name, value in body.items():
        if name not in allowed:
            raise Refusal(400, f"unknown field {name} in {where}")
        # R-T sends null and empty lists for what it does not set, and Render accepts them.
        if name in _NOT_DONE and value:
            raise Refusal(501, f"not implemented in the sandbox: {name} in {where}")
    return body


def _text(fields: Fields, name: str, default: str = "") -> str:
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise Refusal(400, f"{name} must be a string")
    return value


def _one_of(fields: Fields, name: str, allowed: frozenset[str]) -> None:
    value = fields.get(name)
    if value is not None and (not isinstance(value, str) or value not in allowed):
        raise Refusal(400, f"invalid {name} {value!r}")


def checked_number(fields: Fields, name: str, least: int, most: int, default: int | None = None) -> int:
    """An integer field within bounds; refused when absent and without a default."""
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refusal(400, f"{name} must be an integer from {least} to {most}")
    return value
