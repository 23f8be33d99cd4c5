"""What the worker itself says of a job, by Render's API: that it was this worker, and no other, that did it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from deploybook.clouds.studio.journey import Journey
from deploybook.clouds.waiting import wait_until
from deploybook.errors import NotTested, VerificationFailed

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.render.client import Render

# A line is in Render's log some seconds after the worker has written it.
LOG_SECONDS = 30.0
LONGEST_PAUSE = 1.0
LOCAL_STORE = "[Worker] Using job store backend: local"
CHOOSE_THE_STORE = "Set JOB_STORE_BACKEND and DEPLOY_ENV on Render: deploybook run render --mode apply."
ELSEWHERE = "Fix what its log says. If it says nothing, look for another worker, here or on a developer's machine, that takes the jobs."


def worker_log_names_job(journey: Journey, clouds: Connections, seconds: float = LOG_SECONDS) -> str:
    """The worker's log on Render says that it claimed this check's preview and went through with it.

    Raises VerificationFailed if it does not within ``seconds``: the job was another worker's, or is not done. That the job succeeded
    is not in these lines (the worker writes *Finished* after a failure too), but in the job itself.
    """
    job = journey.preview_job
    if not job:
        raise NotTested("there is no job to look for in the worker's log: the upload for processing failed")
    wanted = [f"[Worker] Claimed job {job}", f"[Worker] Finished job {job}"]
    lines = _lines(clouds.render, journey, wanted, seconds)
    missing = [text for text in wanted if not _holds(lines, text)]
    if not missing:
        return " · ".join(line for line in lines if line.startswith(tuple(wanted)))
    raise _not_in_log(clouds.render, journey, missing[0], lines)


def _lines(render: Render, journey: Journey, wanted: list[str], seconds: float) -> list[str]:
    """The lines with the job's id: when all that is wanted is among them, or when the time is up."""

    def has_all(lines: list[str]) -> bool:
        return all(_holds(lines, text) for text in wanted)

    read = partial(_log, render, journey, journey.preview_job)
    return wait_until(has_all, read, seconds, longest_pause=LONGEST_PAUSE, subject="the worker's log")


def _log(render: Render, journey: Journey, *texts: str) -> list[str]:
    owner = render.service(journey.worker).owner_id
    return render.logs(owner, journey.worker, journey.began, texts)


def _holds(lines: list[str], text: str) -> bool:
    return any(line.startswith(text) for line in lines)


def _not_in_log(render: Render, journey: Journey, missing: str, lines: list[str]) -> VerificationFailed:
    if lines:
        message = f"The worker {journey.worker} on Render did not finish the job."
        return VerificationFailed(message, "Look at its log in the dashboard.", "worker-idle", missing, lines[-1])
    # What it says instead is mostly the reason, such as that its database refuses it.
    log = _log(render, journey)
    if any(LOCAL_STORE in line for line in log):
        message = f"The worker {journey.worker} on Render looks for jobs in a file of its own."
        return VerificationFailed(
            message, CHOOSE_THE_STORE, "worker-job-store", "job store backend: turso", LOCAL_STORE
        )
    message = f"The log of the worker {journey.worker} on Render does not name the job."
    return VerificationFailed(message, ELSEWHERE, "worker-idle", missing, log[-1] if log else "an empty log")
