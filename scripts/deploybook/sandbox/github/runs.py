"""Workflow runs: queued, in progress, completed, with a conclusion that the jobs' real effects decide.

The sandbox runs no shell. A job is understood if it deploys the web app with the Vercel CLI or calls the Render deploy hook;
those two effects are really tried. A job that is neither fails, loudly, because its outcome cannot be known here.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from deploybook.sandbox.github.effects import call_hook, deploy_web
from deploybook.sandbox.github.models import Commit, Repository, now, number
from deploybook.sandbox.github.workflows import JobPlan, WorkflowFile


@dataclass
class Job:
    """A job of a run; ``step`` says in one line what decided its conclusion."""

    name: str
    id: int = field(default_factory=number)
    status: str = "queued"
    conclusion: str | None = None
    step: str = ""
    started_at: datetime = field(default_factory=now)
    completed_at: datetime | None = None

    def finish(self, conclusion: str, step: str) -> None:
        """Conclude."""
        self.status, self.conclusion, self.step, self.completed_at = "completed", conclusion, step, now()


@dataclass
class Run:
    """One run of a workflow at a commit."""

    workflow_id: int
    workflow: WorkflowFile
    commit: Commit
    branch: str
    event: str
    run_number: int
    id: int = field(default_factory=number)
    status: str = "queued"
    conclusion: str | None = None
    jobs: list[Job] = field(default_factory=list)
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)

    @property
    def group(self) -> str:
        """The concurrency group with the two contexts that groups are made of; empty for none."""
        named = self.workflow.group
        for expression, value in (("github.workflow", self.workflow.name), ("github.ref", f"refs/heads/{self.branch}")):
            named = named.replace("${{ " + expression + " }}", value)
        return named

    def move(self, status: str, conclusion: str | None = None) -> None:
        """Go to ``status``."""
        self.status, self.conclusion, self.updated_at = status, conclusion, now()


@dataclass
class Runner:
    """Starts runs and carries out their jobs side by side. ``vercel_url`` gives the sandbox's Vercel, or nothing."""

    repository: Repository
    vercel_url: Callable[[], str]
    runs: list[Run] = field(default_factory=list)
    delay: float = 0.2
    _tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _counts: dict[int, itertools.count[int]] = field(default_factory=dict)

    def start(self, workflow_id: int, workflow: WorkflowFile, commit: Commit, branch: str, event: str) -> Run:
        """Make a run; one of the same concurrency group waits, or ends what is in progress, as the file says."""
        count = self._counts.setdefault(workflow_id, itertools.count(1))
        run = Run(workflow_id, workflow, commit, branch, event, next(count))
        run.jobs = [Job(plan.name) for plan in workflow.jobs]
        rivals = [
            other for other in self.runs if run.group and other.group == run.group and other.status != "completed"
        ]
        self.runs.append(run)
        for rival in rivals:
            # A group holds one run in progress and one that waits.
            if rival.status == "pending" or workflow.cancel_in_progress:
                self._cancel(rival)
        if any(rival.status != "completed" for rival in rivals):
            run.move("pending")
        else:
            self._begin(run)
        return run

    def fail_at_once(self, workflow_id: int, workflow: WorkflowFile, commit: Commit, branch: str) -> None:
        """Note a run of a file that cannot be run: it failed and has no jobs."""
        count = self._counts.setdefault(workflow_id, itertools.count(1))
        run = Run(workflow_id, workflow, commit, branch, "push", next(count))
        run.move("completed", "failure")
        self.runs.append(run)

    async def clear(self) -> None:
        """End and forget every run."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self.runs.clear()
        self._tasks.clear()
        self._counts.clear()

    def _begin(self, run: Run) -> None:
        run.move("queued")
        self._tasks[run.id] = asyncio.create_task(self._execute(run))

    def _cancel(self, run: Run) -> None:
        if run.id in self._tasks:
            self._tasks[run.id].cancel()
        for job in run.jobs:
            job.finish("cancelled", "Canceled by a newer run of the concurrency group")
        run.move("completed", "cancelled")

    async def _execute(self, run: Run) -> None:
        await asyncio.sleep(self.delay)
        run.move("in_progress")
        await asyncio.gather(*(self._job(*pair, run.commit) for pair in zip(run.jobs, run.workflow.jobs, strict=True)))
        failed = any(job.conclusion != "success" for job in run.jobs)
        run.move("completed", "failure" if failed else "success")
        waiting = next((other for other in self.runs if other.group == run.group and other.status == "pending"), None)
        if waiting:
            self._begin(waiting)

    async def _job(self, job: Job, plan: JobPlan, commit: Commit) -> None:
        job.status = "in_progress"
        await asyncio.sleep(self.delay)
        values = {name: self.repository.secrets[name].value for name in plan.secrets & self.repository.secrets.keys()}
        problem = (
            "" if plan.deploys_web or plan.calls_hook else "This job's commands are not implemented in the sandbox"
        )
        if plan.deploys_web:
            problem = await deploy_web(values, self.vercel_url(), commit)
        if plan.calls_hook and not problem:
            problem = await call_hook(values, strict=plan.fails_on_http_error)
        job.finish("failure" if problem else "success", problem or "Deploy")
