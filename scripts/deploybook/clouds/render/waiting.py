"""How a deploy is followed to its end: its status, the deploy that may take its place, the log's last lines when it fails."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deploybook.clouds.render.schema import STATES, DeployAnswer
from deploybook.clouds.render.worker import WorkerState
from deploybook.clouds.times import moment
from deploybook.clouds.waiting import Stage, wait_until
from deploybook.errors import ServiceError, UnexpectedResponse

if TYPE_CHECKING:
    from deploybook.clouds.render.client import Render

ProgressListener = Callable[[str], None]

# A deploy ends so when another one takes its place, which may have gone well.
REPLACED = frozenset({"deactivated", "canceled"})
FAILED = STATES.bad - {"deactivated"}
APPEARS_PAUSE = 0.5
# One deploy may replace another while we look.
MOST_REPLACEMENTS = 3
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
    def of(cls, deploy: DeployAnswer) -> DeployState:
        """From Render's answer."""
        return cls(deploy.id, deploy.status, deploy.created)

    def is_under_way(self, seconds: float) -> bool:
        """Whether it has not ended, and began less than ``seconds`` ago."""
        began = moment(self.created)
        young = began is not None and (datetime.now(UTC) - began).total_seconds() < seconds
        return not STATES.has_ended(self.status) and young


def follow(
    render: Render, worker: WorkerState, deploy_id: str, seconds: float, on_progress: ProgressListener
) -> DeployState:
    """Wait until a deploy, or the one that has replaced it, is live; ``on_progress`` is called with every new status.

    Raises UnexpectedResponse with the log's last lines if it fails, and without them if it takes longer than ``seconds`` or comes into a
    status that nobody here knows.
    """
    current, reported = deploy_id, ""

    def look() -> DeployAnswer:
        nonlocal reported
        deploy = render.deploy(worker.id, current)
        if deploy.status != reported:
            on_progress(f"Render deploy {current}: {deploy.status}")
            reported = deploy.status
        return deploy

    def read() -> DeployAnswer:
        nonlocal current
        deploy = look()
        for _ in range(MOST_REPLACEMENTS):
            newest = next(iter(render.deploys(worker.id)), deploy) if deploy.status in REPLACED else deploy
            if newest.id == current:
                break
            current = newest.id
            deploy = look()
        return deploy

    def has_ended(deploy: DeployAnswer) -> bool:
        return STATES.has_ended(deploy.status)

    deploy = wait_until(has_ended, read, seconds, subject="Render's deploy")
    stage = STATES.stage(deploy.status)
    if stage is Stage.GOOD_END:
        return DeployState.of(deploy)
    if stage is Stage.BAD_END:
        raise _failed(render, worker, deploy)
    raise _unknown(deploy.status) if stage is Stage.UNKNOWN else _slow(deploy.status, seconds)


def appeared(
    render: Render, worker: WorkerState, earlier: Collection[str], trigger: str, seconds: float = APPEARS_SECONDS
) -> str:
    """The id of a new deploy of this trigger that is not among the ``earlier`` ones; empty if none appears in ``seconds``."""

    def look() -> str:
        started = (deploy.id for deploy in render.deploys(worker.id) if deploy.trigger == trigger)
        return next((deploy_id for deploy_id in started if deploy_id not in earlier), "")

    return wait_until(bool, look, seconds, longest_pause=APPEARS_PAUSE, subject="Render to start a deploy")


def _failed(render: Render, worker: WorkerState, deploy: DeployAnswer) -> UnexpectedResponse:
    reasons, lines = list[str](), list[str]()
    # That it failed is known; why is not always to be had.
    with suppress(ServiceError):
        reasons = render.failures(worker.id, deploy.id, deploy.created)
    with suppress(ServiceError):
        lines = render.logs(worker.owner_id, worker.id, deploy.created)[-LOG_LINES:]
    ended = f"{deploy.status} ({'; '.join(reasons)})" if reasons else deploy.status
    message = f"Render's deploy ended as {ended}." + (f" Last lines of the log: {' | '.join(lines)}" if lines else "")
    hint = "Fix what the log says, then run this again."
    return UnexpectedResponse("Render", "deploy", message, hint, "render-deploy-failed")


def _slow(status: str, seconds: float) -> UnexpectedResponse:
    message = f"Render's deploy is still {status} after {seconds / 60:.0f} minutes."
    hint = "Look at it in the dashboard; running this again waits for the same one."
    return UnexpectedResponse("Render", "deploy", message, hint, "render-deploy-slow")


def _unknown(status: str) -> UnexpectedResponse:
    message = f"Render's deploy is in a status that deploybook does not know: {status or 'none'}."
    hint = "Look at it in the dashboard, and report the status, so that deploybook can learn it."
    return UnexpectedResponse("Render", "deploy", message, hint)
