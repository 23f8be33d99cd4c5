"""What a container is started with: files, environment, bucket mounts, and the arguments of Modal's runtime."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modal_proto import api_pb2

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.modal.schema import app_layout

if TYPE_CHECKING:
    from deploybook.sandbox.modal.state.apps import Function
    from deploybook.sandbox.modal.state.workspace import Workspace

R2_DOMAIN = ".r2.cloudflarestorage.com"


class StartFailure(Exception):
    """The container cannot be started; the sentence goes to the app's log and to every waiting caller."""


def lay_out_files(workspace: Workspace, definition: api_pb2.Function, root: Path) -> None:
    """Write the files of the function's mounts under ``root``, which stands for the container's ``/``."""
    for mount_id in definition.mount_ids:
        for path, digest in workspace.artifacts.mounts[mount_id].files.items():
            relative = PurePosixPath("/", path).relative_to("/")
            if ".." in relative.parts:
                raise StartFailure(f"the mount's path {path!r} leaves the container")
            target = root / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(workspace.artifacts.files[digest])


def secret_values(workspace: Workspace, definition: api_pb2.Function) -> dict[str, str]:
    """The values of the function's secrets, later ones over earlier ones: all that the user's code finds of them."""
    values: dict[str, str] = {}
    for secret_id in definition.secret_ids:
        try:
            secret = workspace.secret(secret_id)
        except Refusal as gone:
            raise StartFailure(str(gone)) from gone
        secret.last_used_at = workspace.instant()
        values |= secret.values
    return values


def bucket_mounts(
    workspace: Workspace, definition: api_pb2.Function, hosts: Mapping[str, int]
) -> tuple[list[dict[str, str]], list[str]]:
    """The mounts to be checked at start, and notes on what cannot be; a secret without keys fails here, as at Modal."""
    checks: list[dict[str, str]] = []
    notes: list[str] = []
    for mount in definition.cloud_bucket_mounts:
        where = f"CloudBucketMount of bucket '{mount.bucket_name}' at {mount.mount_path}"
        notes.append(f"{where}: the sandbox does not show the bucket's objects under this path; use the S3 API")
        if not mount.credentials_secret_id:
            notes.append(f"{where}: has no secret; not checked")
            continue
        secret = workspace.secrets.get(mount.credentials_secret_id)
        if secret is None:
            raise StartFailure(f"{where} failed: its secret was deleted")
        absent = [key for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if not secret.values.get(key)]
        if absent:
            raise StartFailure(f"{where} failed: secret '{secret.name}' has no {' and no '.join(absent)}")
        host = urlsplit(mount.bucket_endpoint_url).hostname or "AWS S3"
        if host != "127.0.0.1" and not (hosts and host.endswith(R2_DOMAIN)):
            notes.append(f"{where}: {host} is no part of this sandbox; not checked")
            continue
        checks.append(
            {
                "where": where,
                "bucket": mount.bucket_name,
                "prefix": mount.key_prefix,
                "endpoint": mount.bucket_endpoint_url,
                "access_key_id": secret.values["AWS_ACCESS_KEY_ID"],
                "secret_access_key": secret.values["AWS_SECRET_ACCESS_KEY"],
            }
        )
    return checks, notes


def write_arguments(workspace: Workspace, function: Function, task_id: str, path: Path) -> None:
    """The message from which Modal's container runtime learns what it is."""
    app = workspace.apps.get(function.app_id)
    arguments = api_pb2.ContainerArguments(
        task_id=task_id,
        function_id=function.object_id,
        app_id=app.object_id,
        function_def=function.definition,
        environment_name=app.environment,
        app_layout=app_layout(workspace, app, for_container=function),
    )
    path.write_bytes(arguments.SerializeToString())


def write_specification(path: Path, **content: object) -> None:
    """What the sandbox's own starter needs; readable by this user only and removed by the starter, as it holds keys."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file)


def provided_by_modal(
    function: Function, environment: str, task_id: str, socket: Path, arguments: Path
) -> Mapping[str, str]:
    """The variables that Modal's platform itself sets in a container."""
    return {
        "MODAL_SERVER_URL": f"unix://{socket}",
        "MODAL_IS_REMOTE": "1",
        "MODAL_TASK_ID": task_id,
        "MODAL_IMAGE_ID": function.definition.image_id,
        "MODAL_ENVIRONMENT": environment,
        "MODAL_CLOUD_PROVIDER": "CLOUD_PROVIDER_SANDBOX",
        "MODAL_REGION": "loopback",
        "MODAL_CONTAINER_ARGUMENTS_PATH": str(arguments),
        "PYTHONUNBUFFERED": "1",
    }
