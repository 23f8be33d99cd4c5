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

Tell = Callable[[str], None]

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
    def of(cls, found: dict[str, Any]) -> DeployState:
        """From Render's JSON (schema deploy)."""
        return cls(found["id"], found["status"], found["createdAt"])

    def is_under_way(self, seconds: float) -> bool:
        """Whether it has not ended, and began less than ``seconds`` ago."""
        age = (datetime.now(UTC) - datetime.fromisoformat(self.created)).total_seconds()
        return self.status not in ENDED and age < seconds


def follow(render: Render, worker: WorkerState, deploy_id: str, seconds: float, tell: Tell) -> DeployState:
    """Wait until a deploy, or the one that has replaced it, is live; every new status is told.

    Raises UnexpectedResponse with the log's last lines if it fails, and without them if it takes longer than ``seconds``.
    """
    deadline, pause, told = time.monotonic() + seconds, FIRST_PAUSE, ""
    while True:
        found = render.deploy(worker.id, deploy_id)
        status = str(found["status"])
        if status != told:
            tell(f"Render deploy {deploy_id}: {status}")
            told = status
        if status == LIVE:
            return DeployState.of(found)
        newest = render.deploys(worker.id)[0]["id"] if status in REPLACED else deploy_id
        if newest != deploy_id:
            deploy_id = newest
            continue
        if status in FAILED:
            raise _failed(render, worker, found)
        if time.monotonic() > deadline:
            raise _slow(status, seconds)
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def appeared(
    render: Render, worker: WorkerState, known: Collection[str], trigger: str, seconds: float = APPEARS_SECONDS
) -> str:
    """The deploy of this trigger that was not ``known`` before; looks for a while, then gives an empty id."""
    deadline = time.monotonic() + seconds
    while True:
        for each in render.deploys(worker.id):
            if each["id"] not in known and each.get("trigger") == trigger:
                return str(each["id"])
        if time.monotonic() > deadline:
            return ""
        time.sleep(FIRST_PAUSE)


def _failed(render: Render, worker: WorkerState, found: dict[str, Any]) -> UnexpectedResponse:
    log = " | ".join(render.logs(worker.owner_id, worker.id, found["createdAt"])[-LOG_LINES:])
    message = f"Render's deploy ended as {found['status']}." + (f" Last lines of the log: {log}" if log else "")
    hint = "Fix what the log says, then run this again."
    return UnexpectedResponse("Render", "deploy", message, hint, "render-deploy-failed")


def _slow(status: str, seconds: float) -> UnexpectedResponse:
    message = f"Render's deploy is still {status} after {seconds / 60:.0f} minutes."
    hint = "Look at it in the dashboard; running this again waits for the same one."
    return UnexpectedResponse("Render", "deploy", message, hint, "render-deploy-slow")
