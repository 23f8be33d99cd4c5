"""Workflow runs: queued, in progress, completed, with a conclusion that the jobs' real effects decide.

The sandbox runs no shell. A job is understood if it deploys the web app with the Vercel CLI or calls the Render deploy hook;
those two effects are really tried. A job that is neither fails, loudly, because its outcome cannot be known here.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from deploybook.sandbox.github.effects import Failure, call_hook, deploy_web
from deploybook.sandbox.github.models import Commit, Repository, now, number
from deploybook.sandbox.github.workflows import JobPlan, WorkflowFile


@dataclass
class Job:
    """A job of a run; ``steps`` are those that it has come to, each with its conclusion."""

    name: str
    id: int = field(default_factory=number)
    status: str = "queued"
    conclusion: str | None = None
    steps: tuple[tuple[str, str], ...] = ()
    log: str = ""
    started_at: datetime = field(default_factory=now)
    completed_at: datetime | None = None

    def finish(self, conclusion: str, log: str, steps: Iterable[tuple[str, str]] = ()) -> None:
        """Conclude; ``log`` says what decided it."""
        self.status, self.conclusion, self.completed_at = "completed", conclusion, now()
        self.log, self.steps = log, tuple(steps)


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
    attempt: int = 1
    started_at: datetime = field(default_factory=now)

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


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class Runner:
    """Starts runs and carries out their jobs side by side. ``vercel_url`` gives the sandbox's Vercel, or nothing."""

    repository: Repository
    vercel_url: Callable[[], str]
    runs: list[Run] = field(default_factory=list)
    delay: float = 0.2
    # Cleared while no runner is free: what is started stays queued.
    free: asyncio.Event = field(default_factory=_set_event)
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
        self.free.set()

    def run_again(self, run: Run) -> None:
        """Choose *Re-run all jobs* of a run that has ended: another attempt, with the secrets as they are now."""
        run.attempt, run.conclusion, run.started_at = run.attempt + 1, None, now()
        run.jobs = [Job(plan.name) for plan in run.workflow.jobs]
        self._begin(run)

    async def ended(self, run: Run) -> None:
        """Return when a run is completed."""
        while run.status != "completed":
            await asyncio.sleep(self.delay / 4)

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
        await self.free.wait()
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
        if not (plan.deploys_web or plan.calls_hook):
            job.finish("failure", "This job's commands are not implemented in the sandbox")
            return
        failure = await deploy_web(values, self.vercel_url(), commit) if plan.deploys_web else None
        if plan.calls_hook and not failure:
            failure = await call_hook(values, strict=plan.fails_on_http_error)
        if failure:
            job.finish("failure", failure.printed, _steps(plan, failure))
        else:
            job.finish("success", "done", ((step.name, "success") for step in plan.steps))


def _steps(plan: JobPlan, failure: Failure) -> Iterator[tuple[str, str]]:
    """Each step with its conclusion; those after the one whose command fails are skipped."""
    command = re.compile(r"(@\S+)?\s+".join(re.escape(word) for word in failure.command))
    failed = False
    for step in plan.steps:
        fails = not failed and command.search(step.command) is not None
        yield step.name, "skipped" if failed else "failure" if fails else "success"
        failed = failed or fails
