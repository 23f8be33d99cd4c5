"""Actions: which workflows a push or a dispatch starts, and their runs, from queued to a conclusion.

The sandbox runs no shell. It understands two kinds of job, one that deploys the web app with the Vercel CLI and one that calls
the Render deploy hook, and carries them out. Any other job fails, because its outcome cannot be known here.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from deploybook.sandbox.core.clock import Clock
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.github.backend.effects import Failure, call_hook, deploy_web
from deploybook.sandbox.github.state.repository import Commit, Repository, now
from deploybook.sandbox.github.state.workflows import (
    InvalidWorkflow,
    Job,
    JobPlan,
    Run,
    Workflow,
    WorkflowFile,
    is_workflow,
    parse,
)


@dataclass
class Actions:
    """The Actions side of one repository."""

    repository: Repository
    runner: Runner
    by_path: dict[str, Workflow] = field(default_factory=dict)

    def workflows(self) -> list[Workflow]:
        """Those on the default branch, and those that have run."""
        for path, content in self.repository.head(self.repository.default_branch).files.items():
            if is_workflow(path):
                self._know(path, _name(path, content))
        return sorted(self.by_path.values(), key=lambda workflow: workflow.id)

    def workflow(self, id_or_name: str) -> Workflow:
        """A workflow by its id or its file's name."""
        for workflow in self.workflows():
            if id_or_name in {str(workflow.id), workflow.path.rpartition("/")[2]}:
                return workflow
        raise Refusal(404, "Not Found")

    def run(self, run_id: str) -> Run:
        """A run by its id."""
        for run in self.runner.runs:
            if str(run.id) == run_id:
                return run
        raise Refusal(404, "Not Found")

    def job(self, job_id: str) -> Job:
        """A job of any run by its id."""
        for run in self.runner.runs:
            for job in run.jobs:
                if str(job.id) == job_id:
                    return job
        raise Refusal(404, "Not Found")

    def pushed(self, branch: str, commit: Commit, *changed: str) -> None:
        """Start what a push starts: every workflow is read at the pushed commit."""
        for path, content in commit.files.items():
            if not is_workflow(path) or self._is_disabled(path):
                continue
            try:
                parsed = parse(path, content)
            except InvalidWorkflow:
                if path in changed:
                    broken = WorkflowFile(path, path, {}, ())
                    self.runner.fail_at_once(self._know(path, path).id, broken, commit, branch)
                continue
            if parsed.runs_on_push(branch, changed):
                self.runner.start(self._know(path, parsed.name).id, parsed, commit, branch, "push")

    def dispatch(self, workflow: Workflow, ref: str, inputs: Mapping[str, object]) -> Run:
        """Start a workflow by hand at a branch; it must say ``workflow_dispatch`` there."""
        branch = ref.removeprefix("refs/heads/")
        commit = self.repository.branches.get(branch)
        if commit is None:
            raise Refusal(422, f"No ref found for: {ref}")
        if workflow.state != "active":
            raise Refusal(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
        try:
            parsed = parse(workflow.path, commit.files[workflow.path])
        except (InvalidWorkflow, KeyError):
            raise Refusal(422, f"No workflow file could be read at {ref}") from None
        if "workflow_dispatch" not in parsed.triggers:
            raise Refusal(422, "Workflow does not have 'workflow_dispatch' trigger")
        unexpected = sorted(set(inputs) - parsed.inputs)
        if unexpected:
            raise Refusal(422, f"Unexpected inputs provided: {unexpected}")
        return self.runner.start(workflow.id, parsed, commit, branch, "workflow_dispatch")

    async def clear(self) -> None:
        """Forget workflows and runs."""
        await self.runner.clear()
        self.by_path.clear()

    def _is_disabled(self, path: str) -> bool:
        return path in self.by_path and self.by_path[path].state != "active"

    def _know(self, path: str, name: str) -> Workflow:
        workflow = self.by_path.setdefault(path, Workflow(path, name))
        if workflow.name != name:
            workflow.name, workflow.updated_at = name, now()
        return workflow


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class Runner:
    """Starts runs and carries out their jobs side by side. ``vercel_url`` gives the sandbox's Vercel, or nothing."""

    repository: Repository
    vercel_url: Callable[[], str]
    clock: Clock
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
        await self.clock.wait(self.delay)
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
        await self.clock.wait(self.delay)
        values = {name: self.repository.secrets[name].value for name in plan.secrets & self.repository.secrets.keys()}
        if not (plan.deploys_web or plan.calls_hook):
            job.finish("failure", "This job's commands are not implemented in the sandbox")
            return
        failure = None
        if plan.deploys_web:
            failure = await deploy_web(values, self.vercel_url(), commit, force=plan.forces_deploy)
        if plan.calls_hook and not failure:
            failure = await call_hook(values, strict=plan.fails_on_http_error)
        if failure:
            job.finish("failure", failure.printed, _steps(plan, failure))
        else:
            job.finish("success", "done", ((step.name, "success") for step in plan.steps))


def _name(path: str, content: bytes) -> str:
    try:
        return parse(path, content).name
    except InvalidWorkflow:
        return path


def _steps(plan: JobPlan, failure: Failure) -> Iterator[tuple[str, str]]:
    """Each step with its conclusion; the steps after a failed one are skipped."""
    command = re.compile(r"(@\S+)?\s+".join(re.escape(word) for word in failure.command))
    failed = False
    for step in plan.steps:
        fails = not failed and command.search(step.command) is not None
        yield step.name, "skipped" if failed else "failure" if fails else "success"
        failed = failed or fails
