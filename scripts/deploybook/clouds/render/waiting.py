"""How a deploy is followed to its end: its status, the deploy that may take its place, the log's last lines when it fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from deploybook.clouds.render.worker import WorkerState
from deploybook.errors import UnexpectedResponse

if TYPE_CHECKING:
    from deploybook.clouds.render.client import Render

ProgressListener = Callable[[str], None]

LIVE = "live"
FAILED = frozenset({"build_failed", "update_failed", "pre_deploy_failed", "canceled"})
ENDED = FAILED | {LIVE, "deactivated"}
# A deploy ends so when another one takes its place, which may have gone well.
REPLACED = frozenset({"deactivated", "canceled"})
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
LOG_LINES = 8
# A deploy that is queued, or that a hook has started, is listed a moment later.
APPEARS_SECONDS = 20.0


@dataclass(frozen=True)
class DeployState:
    """A deploy as it is; ``created`` is ISO 8601."""

    id: str
    status: str
    created: str

    @classmethod
    def of(cls, deploy: dict[str, Any]) -> DeployState:
        """From Render's JSON (schema deploy)."""
        return cls(deploy["id"], deploy["status"], deploy["createdAt"])

    def is_under_way(self, seconds: float) -> bool:
        """Whether it has not ended, and began less than ``seconds`` ago."""
        age = (datetime.now(UTC) - datetime.fromisoformat(self.created)).total_seconds()
        return self.status not in ENDED and age < seconds


def follow(
    render: Render, worker: WorkerState, deploy_id: str, seconds: float, on_progress: ProgressListener
) -> DeployState:
    """Wait until a deploy, or the one that has replaced it, is live; ``on_progress`` is called with every new status.

    Raises UnexpectedResponse with the log's last lines if it fails, and without them if it takes longer than ``seconds``.
    """
    deadline, pause, reported = time.monotonic() + seconds, FIRST_PAUSE, ""
    while True:
        deploy = render.deploy(worker.id, deploy_id)
        status = str(deploy["status"])
        if status != reported:
            on_progress(f"Render deploy {deploy_id}: {status}")
            reported = status
        if status == LIVE:
            return DeployState.of(deploy)
        newest = render.deploys(worker.id)[0]["id"] if status in REPLACED else deploy_id
        if newest != deploy_id:
            deploy_id = newest
            continue
        if status in FAILED:
            raise _failed(render, worker, deploy)
        if time.monotonic() > deadline:
            raise _slow(status, seconds)
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def appeared(
    render: Render, worker: WorkerState, known: Collection[str], trigger: str, seconds: float = APPEARS_SECONDS
) -> str:
    """The id of a new deploy of this trigger that is not ``known``; empty if none appears in ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        for deploy in render.deploys(worker.id):
            if deploy["id"] not in known and deploy.get("trigger") == trigger:
                return str(deploy["id"])
        if time.monotonic() > deadline:
            return ""
        time.sleep(FIRST_PAUSE)


def _failed(render: Render, worker: WorkerState, deploy: dict[str, Any]) -> UnexpectedResponse:
    log = " | ".join(render.logs(worker.owner_id, worker.id, deploy["createdAt"])[-LOG_LINES:])
    message = f"Render's deploy ended as {deploy['status']}." + (f" Last lines of the log: {log}" if log else "")
    hint = "Fix what the log says, then run this again."
    return UnexpectedResponse("Render", "deploy", message, hint, "render-deploy-failed")


def _slow(status: str, seconds: float) -> UnexpectedResponse:
    message = f"Render's deploy is still {status} after {seconds / 60:.0f} minutes."
    hint = "Look at it in the dashboard; running this again waits for the same one."
    return UnexpectedResponse("Render", "deploy", message, hint, "render-deploy-slow")
