"""One job, and what its handler works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deploybook.sample_app.defects import NONE, Defects
from deploybook.sample_app.jobs import Job, Jobs
from deploybook.sample_app.network import Network
from deploybook.sample_app.objects import Storage
from deploybook.sample_app.problems import Variables


@dataclass(frozen=True)
class Task:
    """The job, and what a handler may use."""

    job: Job
    jobs: Jobs
    storage: Storage
    variables: Variables
    network: Network
    log: Callable[[str], None]
    defects: Defects = NONE

    async def advance(self, stage: str, progress: float) -> None:
        """Record its stage and its progress (0 to 100)."""
        await self.jobs.advance(self.job.id, stage, progress)
