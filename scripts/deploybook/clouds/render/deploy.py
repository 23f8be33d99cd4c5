"""The worker's deploy: started when none is live or something was changed since, waited for, its log read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from deploybook.clouds.render.worker import UNDEPLOYED, WorkerState
from deploybook.clouds.resource import Change, Resource
from deploybook.errors import UnexpectedResponse, VerificationFailed
from deploybook.observed import Observed

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.render.client import Render

LIVE = "live"
FAILED = frozenset({"build_failed", "update_failed", "pre_deploy_failed", "canceled"})
STARTED = "[Worker] Started"
REFUSED = "is required"
# A Docker build from nothing takes minutes; Render's own client waits hours, an operator should look sooner.
LIMIT_SECONDS = 900.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0


@dataclass(frozen=True)
class DeployState:
    """A deploy as it is; ``created`` is ISO 8601."""

    id: str
    status: str
    created: str


class Deploy(Resource[DeployState]):
    """The deploy that serves, with the variables and settings as they stand."""

    kind: ClassVar[str] = "Render deploy"

    def __init__(self, name: str, worker: WorkerState, observed: Observed, *, seconds: float = LIMIT_SECONDS) -> None:
        self.name = name
        self.goes_with = ("Render worker", name)
        self._worker = worker
        self._observed = observed
        self._seconds = seconds

    def read(self, clouds: Connections) -> DeployState | None:
        """The newest deploy that is live or on its way."""
        if not self._worker.id:
            return None
        alive = [
            each for each in clouds.render.deploys(self._worker.id) if each["status"] not in {*FAILED, "deactivated"}
        ]
        return _state(alive[0]) if alive else None

    def differences(self, state: DeployState) -> list[Change]:
        """Something was changed since it was made, or it is still on its way."""
        record = self._observed.get(UNDEPLOYED)
        if record:
            return [Change(record["what"], "as they stood before", "as they are")]
        return [] if state.status == LIVE else [Change("status", state.status, LIVE)]

    def create(self, clouds: Connections) -> DeployState:
        """Operation create-deploy, then wait until it is live."""
        return self._wait(clouds.render, clouds.render.start_deploy(self._worker.id))

    def update(self, clouds: Connections, state: DeployState, changes: list[Change]) -> DeployState:
        """Wait for one that is on its way, or start another."""
        if [change.field for change in changes] == ["status"]:
            return self._wait(clouds.render, state.id)
        return self.create(clouds)

    def delete(self, clouds: Connections, state: DeployState) -> None:
        """Goes with its worker."""

    def planned(self) -> DeployState:
        """Nothing is live yet."""
        return DeployState("", "", "")

    def _wait(self, render: Render, deploy_id: str) -> DeployState:
        state = wait_live(render, self._worker, deploy_id, self._seconds)
        self._observed.forget(UNDEPLOYED)
        return state


def wait_live(render: Render, worker: WorkerState, deploy_id: str, seconds: float) -> DeployState:
    """Wait until a deploy, or one that has replaced it, is live; raises UnexpectedResponse with the log's last lines if it fails."""
    deadline, pause = time.monotonic() + seconds, FIRST_PAUSE
    while True:
        found = render.deploy(worker.id, deploy_id)
        if found["status"] == LIVE:
            return _state(found)
        newest = render.deploys(worker.id)[0] if found["status"] in {"deactivated", "canceled"} else found
        if newest["id"] != deploy_id:
            # Another deploy has taken its place, perhaps with success: that one counts.
            deploy_id = newest["id"]
            continue
        if found["status"] in FAILED:
            raise _failed(render, worker, found)
        if time.monotonic() > deadline:
            raise UnexpectedResponse(
                "Render",
                "deploy",
                f"Render's deploy is still {found['status']} after {seconds / 60:.0f} minutes.",
                "Look at it in the dashboard; running this again waits for the same one.",
                "render-deploy-slow",
            )
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def is_live(render: Render, worker: WorkerState) -> str:
    """The worker is not suspended and its newest deploy is live."""
    newest = next((each for each in render.deploys(worker.id) if each["status"] != "deactivated"), None)
    if worker.suspended or newest is None or newest["status"] != LIVE:
        found = "suspended" if worker.suspended else newest["status"] if newest else "no deploy"
        raise VerificationFailed(
            "The worker on Render is not live.",
            "Run deploybook run render --mode apply.",
            "render-not-live",
            LIVE,
            found,
        )
    return str(newest["id"])


def has_started(render: Render, worker: WorkerState, deploy: DeployState) -> str:
    """The worker's own log says that it has started since the deploy was made."""
    lines = render.logs(worker.owner_id, worker.id, deploy.created)
    for line in reversed(lines):
        if STARTED in line:
            return line
        if line.startswith("[Worker]") and REFUSED in line:
            raise VerificationFailed(
                f"The worker on Render stopped: {line}.",
                "Run deploybook run render --mode apply.",
                "worker-idle",
                STARTED,
            )
    last = lines[-1] if lines else "an empty log"
    raise VerificationFailed(
        "The worker on Render has not said that it started.", "Look at its log.", "worker-idle", STARTED, last
    )


def _failed(render: Render, worker: WorkerState, found: dict[str, Any]) -> UnexpectedResponse:
    log = " | ".join(render.logs(worker.owner_id, worker.id, found["createdAt"])[-8:])
    message = f"Render's deploy ended as {found['status']}." + (f" Last lines of the log: {log}" if log else "")
    return UnexpectedResponse(
        "Render", "deploy", message, "Mend what the log says, then run this again.", "render-deploy-failed"
    )


def _state(found: dict[str, Any]) -> DeployState:
    return DeployState(found["id"], found["status"], found["createdAt"])
