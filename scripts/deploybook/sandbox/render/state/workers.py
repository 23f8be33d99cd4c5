"""A background worker, its settings, variables, deploys and events. The lifecycle of a deploy is in ``deployer.py``."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.render.state.identifiers import xid

# R-T waits on these; anything else is final (terraform-provider-render, internal/provider/common/client.go).
WAITING = frozenset({"created", "queued"})
UNDER_WAY = WAITING | {"build_in_progress", "update_in_progress"}
DEPLOYED = frozenset({"live", "deactivated"})


def not_found(identifier: str) -> Refusal:
    """Render's words for an absent resource, as recorded by its Terraform provider."""
    return Refusal(404, f"not found: {identifier}")


def now() -> datetime:
    """The present, with its time zone."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Owner:
    """A workspace."""

    id: str
    name: str
    email: str
    type: str = "team"


@dataclass(frozen=True)
class Variable:
    """An environment variable; the id orders pages and is never shown."""

    id: str
    key: str
    value: str


@dataclass
class Settings:
    """What POST and PATCH of a service may set."""

    name: str
    repo: str = ""
    branch: str = ""
    root_dir: str = ""
    image_path: str = ""
    auto_deploy_trigger: str = "commit"
    runtime: str = "docker"
    plan: str = "0.5c-512mb"
    region: str = "oregon"
    instances: int = 1
    docker_command: str = ""
    docker_context: str = ""
    dockerfile_path: str = ""
    pre_deploy_command: str = ""
    previews: str = "off"
    max_shutdown_delay: int = 30
    build_filter: dict[str, list[str]] | None = None


@dataclass
class Event:
    """One line of a service's history."""

    id: str
    type: str
    details: dict[str, object]
    timestamp: datetime = field(default_factory=now)


@dataclass
class Deploy:
    """One deploy; ``variables`` are the service's as they stood when it was made."""

    id: str
    trigger: str
    variables: Mapping[str, str]
    status: str = "created"
    commit: str | None = None
    image_path: str | None = None
    build_id: str = field(default_factory=lambda: xid("bld"))
    rollback_of: str | None = None
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)
    started_at: datetime | None = None
    finished_at: datetime | None = None

    def move(self, status: str) -> None:
        """Go to ``status`` and keep the times that go with it."""
        self.status = status
        self.updated_at = now()
        if status not in WAITING and self.started_at is None:
            self.started_at = self.updated_at
        if status not in UNDER_WAY and self.finished_at is None:
            self.finished_at = self.updated_at


@dataclass
class Worker:
    """A background worker: a service in Render's words."""

    id: str
    owner_id: str
    settings: Settings
    slug: str
    hook_key: str
    variables: dict[str, Variable] = field(default_factory=dict)
    deploys: list[Deploy] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    suspenders: list[str] = field(default_factory=list)
    instance_ids: list[tuple[str, datetime]] = field(default_factory=list)
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)

    @property
    def suspended(self) -> bool:
        """Whether somebody has stopped it: ``user``, ``billing`` …"""
        return bool(self.suspenders)

    @property
    def under_way(self) -> Deploy | None:
        """The deploy that is being made, if any; queued ones wait behind it."""
        return next(
            (candidate for candidate in self.deploys if candidate.status in UNDER_WAY and candidate.status != "queued"),
            None,
        )

    @property
    def queued(self) -> Deploy | None:
        """The deploy that waits for the one under way."""
        return next((candidate for candidate in self.deploys if candidate.status == "queued"), None)

    @property
    def live(self) -> Deploy | None:
        """The deploy that runs."""
        return next((candidate for candidate in self.deploys if candidate.status == "live"), None)

    def deploy(self, deploy_id: str) -> Deploy:
        """The deploy of this id."""
        deploy = next((candidate for candidate in self.deploys if candidate.id == deploy_id), None)
        if deploy is None:
            raise not_found(deploy_id)
        return deploy

    def environment(self) -> dict[str, str]:
        """The variables as a new container would see them."""
        return {variable.key: variable.value for variable in self.variables.values()}

    def set_variable(self, key: str, value: str) -> Variable:
        """Add a variable or change its value; no deploy follows."""
        kept = self.variables.get(key)
        self.variables[key] = Variable(kept.id if kept else xid("evv"), key, value)
        self.updated_at = now()
        return self.variables[key]

    def replace_variables(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Make ``pairs`` the whole set: what is absent from it is deleted."""
        wanted = dict(pairs)
        self.variables = {key: kept for key, kept in self.variables.items() if key in wanted}
        for key, value in pairs:
            self.set_variable(key, value)

    def note(self, kind: str, **details: object) -> None:
        """Add an event."""
        self.events.append(Event(xid("evt"), kind, details))

    def scale(self, count: int) -> None:
        """Run ``count`` copies from now on."""
        if count == self.settings.instances:
            return
        self.note("instance_count_changed", fromInstances=self.settings.instances, toInstances=count)
        self.settings.instances = count
        self.instance_ids = (self.instance_ids + self._new_instances(count))[:count] if self.instance_ids else []

    def start_instances(self) -> None:
        """Give each running copy its id (``srv-…-abcde``)."""
        self.instance_ids = self._new_instances(self.settings.instances)

    def _new_instances(self, count: int) -> list[tuple[str, datetime]]:
        return [(f"{self.id}-{secrets.token_hex(3)[:5]}", now()) for _ in range(count)]


def new_hook_key() -> str:
    """A deploy hook's key: as long and opaque as the dashboard's."""
    return secrets.token_urlsafe(8)[:11]
