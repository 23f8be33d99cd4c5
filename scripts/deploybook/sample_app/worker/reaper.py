"""Ends what has stalled: jobs of a worker that is gone, and renders whose callback never came."""

from __future__ import annotations

from collections.abc import Callable

from deploybook.sample_app.jobs import Job, Jobs
from deploybook.sample_app.worker.settings import Settings

RETRIES = 2
# Modal's function may run for half an hour, and has to start first.
RENDER_SECONDS = 2700.0


async def reap(jobs: Jobs, settings: Settings, log: Callable[[str], None]) -> None:
    """End or requeue the jobs that have stalled."""
    for job in await jobs.under_way():
        if job.stage == "rendering":
            if job.age > RENDER_SECONDS:
                await _give_up(jobs, job, "The render's callback never came", log)
        # The worker's own timeout comes first: no worker is busy with a job that is past it.
        elif job.age > settings.timeout(job.type) + settings.reaper:
            if job.retries >= RETRIES:
                await _give_up(jobs, job, f"Stalled {job.retries + 1} times", log)
            else:
                await jobs.requeue(job)
                log(f"[Worker] Requeued stalled job {job.id} ({job.retries + 1} of {RETRIES})")


async def _give_up(jobs: Jobs, job: Job, error: str, log: Callable[[str], None]) -> None:
    await jobs.fail(job.id, error)
    log(f"[Worker] Failed job {job.id}: {error}")
