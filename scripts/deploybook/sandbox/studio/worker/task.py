"""One job in the worker's hands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deploybook.sandbox.studio.jobs import Job, Jobs
from deploybook.sandbox.studio.network import Network
from deploybook.sandbox.studio.objects import Storage
from deploybook.sandbox.studio.problems import Variables


@dataclass(frozen=True)
class Task:
    """The job, and what a handler may use to do it."""

    job: Job
    jobs: Jobs
    storage: Storage
    variables: Variables
    network: Network
    log: Callable[[str], None]

    async def advance(self, stage: str, progress: float) -> None:
        """Tell how far it is."""
        await self.jobs.advance(self.job.id, stage, progress)
