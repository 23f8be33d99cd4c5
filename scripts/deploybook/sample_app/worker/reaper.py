"""Fails stalled jobs: those of a worker that is gone, and renders without a callback in time."""

from __future__ import annotations

from collections.abc import Callable

from deploybook.sample_app.jobs import Jobs
from deploybook.sample_app.worker.settings import Settings


async def reap(jobs: Jobs, settings: Settings, log: Callable[[str], None]) -> None:
    """Fail the jobs in processing that nobody has written to: by the limit of their type, then all of them by the default.

    So the limit of a type counts only below the default, as in the application.
    """
    count = 0
    for kind, seconds in settings.limits.items():
        count += await jobs.fail_stale(seconds, kind)
    count += await jobs.fail_stale(settings.default_limit)
    if count:
        log(f"[Reaper] Marked {count} stale job(s) as failed")
