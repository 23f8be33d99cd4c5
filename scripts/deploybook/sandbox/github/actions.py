"""Which workflows the repository has, and which of them a push or a dispatch starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from deploybook.sandbox.github.models import Commit, Refusal, Repository, now, number
from deploybook.sandbox.github.runs import Job, Run, Runner
from deploybook.sandbox.github.workflows import InvalidWorkflow, WorkflowFile, is_workflow, parse


@dataclass
class Workflow:
    """A workflow as GitHub lists it; it keeps its id as long as its path."""

    path: str
    name: str
    state: str = "active"
    id: int = field(default_factory=number)
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)


@dataclass
class Actions:
    """The Actions side of one repository."""

    repository: Repository
    runner: Runner
    known: dict[str, Workflow] = field(default_factory=dict)

    def workflows(self) -> list[Workflow]:
        """Those on the default branch, and those that a run made known."""
        for path, content in self.repository.head(self.repository.default_branch).files.items():
            if is_workflow(path):
                self._know(path, _name(path, content))
        return sorted(self.known.values(), key=lambda workflow: workflow.id)

    def workflow(self, id_or_name: str) -> Workflow:
        """A workflow by its id or its file's name."""
        for workflow in self.workflows():
            if id_or_name in {str(workflow.id), workflow.path.rpartition("/")[2]}:
                return workflow
        raise Refusal(404, "Not Found")

    def run(self, run_id: str) -> Run:
        """A run by its id."""
        found = next((run for run in self.runner.runs if str(run.id) == run_id), None)
        if found is None:
            raise Refusal(404, "Not Found")
        return found

    def job(self, job_id: str) -> Job:
        """A job of any run by its id."""
        found = next((job for run in self.runner.runs for job in run.jobs if str(job.id) == job_id), None)
        if found is None:
            raise Refusal(404, "Not Found")
        return found

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
        self.known.clear()

    def _is_disabled(self, path: str) -> bool:
        return path in self.known and self.known[path].state != "active"

    def _know(self, path: str, name: str) -> Workflow:
        workflow = self.known.setdefault(path, Workflow(path, name))
        if workflow.name != name:
            workflow.name, workflow.updated_at = name, now()
        return workflow


def _name(path: str, content: bytes) -> str:
    try:
        return parse(path, content).name
    except InvalidWorkflow:
        return path
