"""Render's JSON for each resource (schemas ``service``, ``deploy``, ``envVar`` … of render.json)."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from deploybook.sandbox.render.logs import LogLine, LogPage
from deploybook.sandbox.render.models import Deploy, Event, Owner, Variable, Worker

Json = dict[str, Any]


def cursor(identifier: str) -> str:
    """The place of a resource in a list, as opaque as the vendor's."""
    return base64.urlsafe_b64encode(identifier.encode()).decode().rstrip("=")


def cursor_id(text: str) -> str:
    """The identifier in a cursor; raises ValueError if there is none."""
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode()


def stamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with microseconds, as recorded."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def owner(owned: Owner) -> Json:
    """Schema ``owner``."""
    return {"id": owned.id, "name": owned.name, "email": owned.email, "type": owned.type}


def service(worker: Worker, dashboard: str) -> Json:
    """Schema ``service``; the keys of an image-backed one differ from a Git-backed one's, as recorded."""
    settings = worker.settings
    shown: Json = {
        "id": worker.id,
        "autoDeploy": "no" if settings.auto_deploy_trigger == "off" else "yes",
        "autoDeployTrigger": settings.auto_deploy_trigger,
        "createdAt": stamp(worker.created_at),
        "dashboardUrl": f"{dashboard}/{worker.id}",
        "name": settings.name,
        "notifyOnFail": "default",
        "ownerId": worker.owner_id,
        "rootDir": settings.root_dir,
        "serviceDetails": _details(worker),
        "slug": worker.slug,
        "suspended": "suspended" if worker.suspended else "not_suspended",
        "suspenders": worker.suspenders,
        "type": "background_worker",
        "updatedAt": stamp(worker.updated_at),
    }
    if settings.runtime == "image":
        shown["imagePath"] = settings.image_path
    else:
        shown |= {"repo": settings.repo, "branch": settings.branch}
    if settings.build_filter:
        shown["buildFilter"] = settings.build_filter
    return shown


def _details(worker: Worker) -> Json:
    settings = worker.settings
    docker: Json = {
        "dockerCommand": settings.docker_command,
        "dockerContext": settings.docker_context,
        "dockerfilePath": settings.dockerfile_path,
    }
    if settings.pre_deploy_command:
        docker["preDeployCommand"] = settings.pre_deploy_command
    return {
        "buildPlan": "starter",
        "env": settings.runtime,
        "envSpecificDetails": docker,
        "maxShutdownDelaySeconds": settings.max_shutdown_delay,
        "numInstances": settings.instances,
        "plan": settings.plan,
        "previews": {"generation": settings.previews},
        "pullRequestPreviewsEnabled": "yes" if settings.previews == "automatic" else "no",
        "region": settings.region,
        "runtime": settings.runtime,
        "sshAddress": f"{worker.id}@ssh.{settings.region}.render.com",
    }


def deploy(made: Deploy) -> Json:
    """Schema ``deploy``; ``commit`` and the times are null until known, against the schema but as recorded."""
    shown: Json = {
        "id": made.id,
        "commit": None,
        "status": made.status,
        "trigger": made.trigger,
        "createdAt": stamp(made.created_at),
        "updatedAt": stamp(made.updated_at),
        "startedAt": stamp(made.started_at),
        "finishedAt": stamp(made.finished_at),
    }
    if made.image_path:
        shown["image"] = {"ref": made.image_path}
    elif made.commit:
        shown["commit"] = {"id": made.commit, "message": "Deploy the studio", "createdAt": stamp(made.created_at)}
    return shown


def variable(kept: Variable) -> Json:
    """Schema ``envVar``: the value stands in clear."""
    return {"key": kept.key, "value": kept.value}


def event(worker: Worker, noted: Event) -> Json:
    """Schema of ``event`` in ``serviceEventWithCursor``."""
    return {
        "id": noted.id,
        "timestamp": stamp(noted.timestamp),
        "serviceId": worker.id,
        "type": noted.type,
        "details": noted.details,
    }


def log_page(found: LogPage) -> Json:
    """Response ``Logs200Response``."""
    return {
        "hasMore": found.more,
        "nextStartTime": stamp(found.next_start),
        "nextEndTime": stamp(found.next_end),
        "logs": [_log_line(line) for line in found.lines],
    }


def _log_line(line: LogLine) -> Json:
    labels = [{"name": name, "value": value} for name, value in line.labels.items()]
    return {"id": line.id, "message": line.message, "timestamp": stamp(line.timestamp), "labels": labels}
