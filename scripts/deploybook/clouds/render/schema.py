"""What the client reads of Render's answers, by operation of Render's published description."""

from __future__ import annotations

from pydantic import Field

from deploybook.clouds.answers import Answer, Flag, Many, Text
from deploybook.clouds.waiting import States

LIVE = "live"
# Schema deployStatus. ``deactivated`` and ``canceled`` are also how a deploy ends that another one has replaced.
STATES = States(
    going_on=frozenset({"created", "queued", "build_in_progress", "pre_deploy_in_progress", "update_in_progress"}),
    good=frozenset({LIVE}),
    bad=frozenset({"build_failed", "pre_deploy_failed", "update_failed", "canceled", "deactivated"}),
)


class Owner(Answer):
    """A workspace."""

    id: str
    name: Text = ""


class Docker(Answer):
    """How a worker's image is built."""

    dockerfile_path: Text = Field(default="", alias="dockerfilePath")
    docker_context: Text = Field(default="", alias="dockerContext")


class Details(Answer):
    """What of a service depends on its type; ``env`` is the older name of ``runtime``."""

    runtime: Text = ""
    env: Text = ""
    region: Text = ""
    plan: Text = ""
    docker: Docker | None = Field(default=None, alias="envSpecificDetails")


class ServiceAnswer(Answer):
    """A service (retrieve-service, update-service, and a row of list-services)."""

    id: str
    owner_id: str = Field(alias="ownerId")
    name: Text = ""
    repo: Text = ""
    branch: Text = ""
    auto_deploy: Text = Field(default="", alias="autoDeploy")
    suspended: Text = ""
    suspenders: Many[str] = ()
    created: Text = Field(default="", alias="createdAt")
    details: Details | None = Field(default=None, alias="serviceDetails")


class CreatedService(Answer):
    """create-service: the service, and the deploy that began with it."""

    service: ServiceAnswer
    deploy_id: Text = Field(default="", alias="deployId")


class VariableAnswer(Answer):
    """An environment variable, in clear."""

    key: str
    value: Text = ""


class DeployAnswer(Answer):
    """A deploy; ``created`` is ISO 8601."""

    id: str
    status: Text = ""
    trigger: Text = ""
    created: Text = Field(default="", alias="createdAt")


class Row(Answer):
    """What the rows of Render's lists share: each has the cursor of what follows it."""

    cursor: Text = ""


class OwnerRow(Row):
    """A row of list-owners."""

    item: Owner | None = Field(default=None, alias="owner")


class ServiceRow(Row):
    """A row of list-services."""

    item: ServiceAnswer | None = Field(default=None, alias="service")


class VariableRow(Row):
    """A row of get-env-vars-for-service."""

    item: VariableAnswer | None = Field(default=None, alias="envVar")


class DeployRow(Row):
    """A row of list-deploys."""

    item: DeployAnswer | None = Field(default=None, alias="deploy")


class OutOfMemory(Answer):
    """The limit that a container has gone beyond, such as ``512Mi``."""

    limit: Text = Field(default="", alias="memoryLimit")


class Failure(Answer):
    """Why a container did not go on."""

    out_of_memory: OutOfMemory | None = Field(default=None, alias="oomKilled")
    exit_code: int | None = Field(default=None, alias="nonZeroExit")
    timed_out_seconds: int | None = Field(default=None, alias="timedOutSeconds")
    timed_out_reason: Text = Field(default="", alias="timedOutReason")
    unhealthy: Text = ""
    evicted: Flag = False
    early_exit: Flag = Field(default=False, alias="earlyExit")

    def __str__(self) -> str:
        memory, seconds = self.out_of_memory, self.timed_out_seconds
        parts = (
            f"out of memory (limit {memory.limit or 'unknown'})" if memory else "",
            f"it exited with {self.exit_code}" if self.exit_code else "it ended by itself" if self.early_exit else "",
            f"it timed out after {seconds} s" if seconds else "",
            self.timed_out_reason,
            self.unhealthy,
            "Render moved it to another machine" if self.evicted else "",
        )
        return "; ".join(part for part in parts if part)


class Reason(Answer):
    """The reason of an event; the fields of other reasons name builds and deploys."""

    failure: Failure | None = None


class EventDetails(Answer):
    """What the events of a deploy and of a build say; those of other kinds have none of it."""

    deploy_id: Text = Field(default="", alias="deployId")
    reason: Reason | None = None


class EventAnswer(Answer):
    """An event of a service."""

    details: EventDetails | None = None

    def failure_of(self, deploy_id: str) -> str:
        """Why the deploy failed, as far as this event says it. A build's event does not name the deploy."""
        details = self.details
        about = details is not None and details.deploy_id in {"", deploy_id}
        return str(details.reason.failure) if about and details and details.reason and details.reason.failure else ""


class EventRow(Row):
    """A row of list-events."""

    item: EventAnswer | None = Field(default=None, alias="event")


class LogLine(Answer):
    """A line of a log."""

    message: Text = ""
    timestamp: Text = ""


class LogPage(Answer):
    """list-logs."""

    logs: Many[LogLine]
