"""A deployment during a wait for it: what is reported of it, and the errors of those that will not serve."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from deploybook.clouds.vercel.schema import READY, DeploymentAnswer
from deploybook.errors import Conflict, ServiceError, UnexpectedResponse

if TYPE_CHECKING:
    from deploybook.clouds.vercel.client import Vercel

# While its state stays the same, a deployment is spoken of again only after so long.
SILENCE_SECONDS = 60


class Watch:
    """Reports a deployment's state during a wait: each change at once, and the same one every minute."""

    def __init__(self, deployment_id: str, on_progress: Callable[[str], None]) -> None:
        self._id = deployment_id
        self._on_progress = on_progress
        self._begun = time.monotonic()
        self._ready_since: float | None = None
        self._reported = ""

    @property
    def ready_for(self) -> float:
        """How many seconds ago it was first seen to be ready; 0 while it is not."""
        return 0.0 if self._ready_since is None else time.monotonic() - self._ready_since

    def see(self, deployment: DeploymentAnswer) -> DeploymentAnswer:
        """Look at an answer, report it, and give it back."""
        now = time.monotonic()
        if deployment.state == READY and self._ready_since is None:
            self._ready_since = now
        minutes = int((now - self._begun) // SILENCE_SECONDS)
        progress = described(deployment) + (f", {minutes} min" if minutes else "")
        if progress != self._reported:
            self._on_progress(f"the deployment {self._id} is {progress}")
            self._reported = progress
        return deployment


def described(deployment: DeploymentAnswer) -> str:
    """Its state, and whatever reason Vercel gives for it."""
    staged = f", {deployment.substate}" if deployment.state == READY and not deployment.alias_assigned else ""
    reasons = f" ({deployment.reasons})" if deployment.reasons else ""
    return f"{deployment.state}{staged.rstrip(', ')}{reasons}"


def failed(vercel: Vercel, deployment: DeploymentAnswer) -> UnexpectedResponse:
    """The error for one that ended badly: Vercel's reasons, the step, and the last lines of the build."""
    reason = deployment.reasons or f"it ended as {deployment.state}"
    step = f" in {deployment.error_step}" if deployment.error_step else ""
    log = ""
    # That it failed is known; what was printed is not always to be had.
    with suppress(ServiceError):
        log = " | ".join(vercel.build_log(deployment.id))
    code = deployment.error_code or (deployment.alias_error.code if deployment.alias_error else "")
    message = f"Vercel's deployment failed{step}: {reason}." + (f" Last lines of the build: {log}" if log else "")
    hint = "Fix what the build says, push, then run this again."
    return UnexpectedResponse("Vercel", "deploy", message, hint, "vercel-build-failed", code=code)


def staged(deployment_id: str) -> Conflict:
    """The error for one that is ready, and that somebody has to promote (vercel/vercel#14935)."""
    message = f"Vercel's deployment {deployment_id} is ready and staged: it was not given the production domains."
    hint = "Promote it in the dashboard, and switch Auto-assign Custom Production Domains on (Settings, Environments, Production)."
    return Conflict("Vercel", "deploy", message, hint, "vercel-staged")
