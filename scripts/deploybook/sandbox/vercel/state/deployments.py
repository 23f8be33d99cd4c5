"""Deployments: their states, and what each one keeps of the moment in which it was made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.vercel.state.accounts import Team, User
from deploybook.sandbox.vercel.state.identifiers import mint, now
from deploybook.sandbox.vercel.state.projects import Project
from deploybook.sandbox.vercel.state.refusals import bad_request

GOING = ("QUEUED", "INITIALIZING", "BUILDING")
FAILED = ("ERROR", "CANCELED")


@dataclass(frozen=True)
class Event:
    """One line of the build log."""

    text: str
    kind: str = "stdout"
    created: int = field(default_factory=now)
    id: str = field(default_factory=lambda: mint(length=24))


@dataclass(frozen=True)
class LogLine:
    """One line of the runtime log."""

    message: str
    level: str = "info"
    source: str = "serverless"
    domain: str = ""
    method: str = ""
    path: str = ""
    status: int = 0
    id: str = field(default_factory=lambda: mint(length=24))
    created: int = field(default_factory=now)


@dataclass
class Deployment:
    """One deployment.

    ``variables`` are the project's, in clear, as they stood when this deployment was made: a later change reaches only
    later deployments. ``files`` are the sources, ``output`` what the build left to serve.
    """

    name: str
    project: Project
    owner: User | Team
    creator: User
    production: bool
    source: str | None
    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    output: dict[str, bytes] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    # The variables that came with this one deployment; they are among ``variables``.
    own_variables: dict[str, str] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    git_source: dict[str, Any] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    state: str = "QUEUED"
    aliases: list[str] = field(default_factory=list)
    alias_assigned_at: int | None = None
    alias_error: str | None = None
    # ``STAGED`` until production traffic comes, then ``PROMOTED``; None while it is not READY, and for previews.
    ready_substate: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    ready_at: int | None = None
    canceled_at: int | None = None
    events: list[Event] = field(default_factory=list)
    logs: list[LogLine] = field(default_factory=list)
    id: str = field(default_factory=lambda: mint("dpl_"))
    created_at: int = field(default_factory=now)

    def __post_init__(self) -> None:
        # Until it is so far, Vercel's answers have the time of creation here.
        self.initialized_at = self.building_at = self.created_at

    @property
    def environment(self) -> str:
        """The environment whose variables it sees."""
        return "production" if self.production else "preview"

    @property
    def target(self) -> str | None:
        """``production``, or None for a preview."""
        return "production" if self.production else None

    @property
    def branch(self) -> str | None:
        """The git branch of its commit."""
        ref = (self.git_source or {}).get("ref")
        return str(ref) if ref else None

    @property
    def team(self) -> Team | None:
        """The team that owns it."""
        return self.owner if isinstance(self.owner, Team) else None

    @property
    def inspector_url(self) -> str:
        """Its page at the dashboard."""
        return f"https://vercel.com/{self.owner.slug}/{self.name}/{self.id.removeprefix('dpl_')}"

    def log(self, text: str, kind: str = "stdout") -> None:
        """Write a line to the build log."""
        self.events.append(Event(text, kind))

    def enter(self, state: str) -> None:
        """Go into the next state."""
        self.state = state
        if state == "INITIALIZING":
            self.initialized_at = now()
        elif state == "BUILDING":
            self.building_at = now()
        elif state == "READY":
            self.ready_at = now()
        elif state == "CANCELED":
            self.canceled_at = now()

    def fail(self, code: str, message: str) -> None:
        """End in ERROR."""
        self.error_code, self.error_message = code, message
        self.log(f"Error: {message}", "stderr")
        self.state = "ERROR"

    def check_cancelable(self) -> None:
        """Only a deployment that is still being made can be cancelled."""
        if self.state not in GOING:
            raise bad_request(f"Deployment is already in state {self.state} and can not be canceled.")

    def check_ready(self) -> None:
        """Only a READY deployment can be given a name."""
        if self.state != "READY":
            raise Refusal(400, "The deployment is not READY and can not be aliased", "deployment_not_ready")


@dataclass
class Alias:
    """A host name under which a deployment answers."""

    alias: str
    deployment: Deployment
    uid: str = field(default_factory=lambda: mint(length=24))
    created_at: int = field(default_factory=now)
    updated_at: int = field(default_factory=now)
