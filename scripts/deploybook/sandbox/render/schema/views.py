"""How Render shows its resources (schemas ``service``, ``deploy``, ``envVar``, … of render.json)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel

from deploybook.sandbox.core.schema import View, if_any
from deploybook.sandbox.render.state.workers import Deploy, Event, Worker


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, as recorded."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Stamp = Annotated[datetime, PlainSerializer(stamp)]


class CamelView(View):
    """A resource of Render's."""

    model_config = ConfigDict(alias_generator=to_camel)


class OwnerView(CamelView):
    """Schema ``owner``."""

    id: str
    name: str
    email: str
    type: str


class ServiceView(CamelView):
    """Schema ``service``; the keys of an image-backed one differ from a Git-backed one's, as recorded."""

    id: str
    auto_deploy: str
    created_at: Stamp
    dashboard_url: str
    name: str
    notify_on_fail: str = "default"
    owner_id: str
    root_dir: str
    service_details: dict[str, Any]
    slug: str
    suspended: str
    suspenders: list[str]
    type: str = "background_worker"
    updated_at: Stamp
    image_path: str | None = if_any()
    repo: str | None = if_any()
    branch: str | None = if_any()
    build_filter: dict[str, list[str]] | None = if_any()

    @classmethod
    def of(cls, worker: Worker, address: str) -> ServiceView:
        """The view of a service; ``address`` is where the dashboard is."""
        settings = worker.settings
        backed_by_image = settings.runtime == "image"
        return cls(
            id=worker.id,
            auto_deploy="no" if settings.auto_deploy_trigger == "off" else "yes",
            created_at=worker.created_at,
            dashboard_url=f"{address}/dashboard/{worker.id}",
            name=settings.name,
            owner_id=worker.owner_id,
            root_dir=settings.root_dir,
            service_details=_details(worker),
            slug=worker.slug,
            suspended="suspended" if worker.suspended else "not_suspended",
            suspenders=worker.suspenders,
            updated_at=worker.updated_at,
            image_path=settings.image_path if backed_by_image else None,
            repo=None if backed_by_image else settings.repo,
            branch=None if backed_by_image else settings.branch,
            build_filter=settings.build_filter,
        )


def _details(worker: Worker) -> dict[str, Any]:
    settings = worker.settings
    docker = {
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


class DeployView(CamelView):
    """Schema ``deploy``; ``commit`` and the times are null until known, against the schema but as recorded."""

    id: str
    status: str
    trigger: str
    created_at: Stamp
    updated_at: Stamp
    started_at: Stamp | None
    finished_at: Stamp | None
    commit: dict[str, Any] | None = None
    image: dict[str, str] | None = if_any()

    @classmethod
    def of(cls, deploy: Deploy) -> DeployView:
        """The view of a deploy."""
        values = {name: getattr(deploy, name) for name in ("id", "status", "trigger", "created_at", "updated_at")}
        view = cls(**values, started_at=deploy.started_at, finished_at=deploy.finished_at)
        if deploy.image_path:
            view.image = {"ref": deploy.image_path}
        elif deploy.commit:
            made = stamp(deploy.created_at)
            view.commit = {"id": deploy.commit, "message": "Deploy the studio", "createdAt": made}
        return view


class VariableView(CamelView):
    """Schema ``envVar``: the value stands in clear."""

    key: str
    value: str


class EventView(CamelView):
    """Schema of ``event`` in ``serviceEventWithCursor``."""

    id: str
    timestamp: Stamp
    service_id: str
    type: str
    details: dict[str, object]

    @classmethod
    def of(cls, worker: Worker, event: Event) -> EventView:
        """The view of what happened to a service."""
        return cls(id=event.id, timestamp=event.timestamp, service_id=worker.id, type=event.type, details=event.details)


def _labels(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in labels.items()]


class LogLineView(CamelView):
    """A line of a log."""

    id: str
    message: str
    timestamp: Stamp
    labels: Annotated[dict[str, str], PlainSerializer(_labels)]


class LogPageView(CamelView):
    """Response ``Logs200Response``; the times are the range of the next page."""

    has_more: bool
    next_start_time: Stamp
    next_end_time: Stamp
    logs: list[LogLineView]
