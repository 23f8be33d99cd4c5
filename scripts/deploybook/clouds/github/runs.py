"""The workflow's run: found after a push, followed to its end, and reported with the job and step that failed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from deploybook.clouds.github import schema
from deploybook.clouds.github.client import GitHub
from deploybook.clouds.github.resources import FileState, WorkflowFile
from deploybook.clouds.resource import Change, Resource, StillNeeded
from deploybook.clouds.waiting import Stage, States, wait_until
from deploybook.errors import UnexpectedResponse

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections

COMPLETED, SUCCESS, CANCELLED = "completed", "success", "cancelled"
# The statuses of a run (description: workflow-run). How one ended is its conclusion, which ``deployed_both`` judges.
STATUSES = States(
    going_on=frozenset({"queued", "in_progress", "requested", "waiting", "pending"}),
    good=frozenset({COMPLETED}),
    bad=frozenset(),
)
# GitHub shows a run a few seconds after the push that starts it.
APPEARS_SECONDS = 60.0
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class RunState:
    """A run as it is; ``conclusion`` is empty until its status is *completed*."""

    id: int
    status: str
    conclusion: str
    page: str
    created: datetime = NEVER
    number: int = 0

    @property
    def succeeded(self) -> bool:
        """Whether it ended well."""
        return self.conclusion == SUCCESS

    def is_under_way(self, minutes: float) -> bool:
        """Whether it has not ended, and began less than ``minutes`` ago."""
        return self.status != COMPLETED and datetime.now(UTC) - self.created < timedelta(minutes=minutes)


NO_RUN = RunState(0, "", "", "")


class DeployRun(Resource[RunState]):
    """The run that the workflow's push started, else the newest run on the production branch, followed to its end.

    How it ended is no concern of this resource: ``deployed_both`` judges that. With ``redeploy`` the workflow is started by hand.
    """

    kind: ClassVar[str] = "GitHub Actions run"
    provider: ClassVar[str] = "github"
    absent_entry = "ci-not-triggered"

    def __init__(self, workflow: WorkflowFile, file: FileState, *, minutes: int = 15, redeploy: bool = False) -> None:
        self.name = workflow.name
        self.deleted_with = self.within = (workflow.kind, workflow.name)
        self._workflow = workflow
        self._pushed = file.commit
        self._seconds = minutes * 60.0
        self._redeploy = redeploy

    def page(self, clouds: Connections, state: RunState) -> str:
        """``html_url``."""
        del clouds
        return state.page

    def read(self, clouds: Connections) -> RunState | None:
        """The newest; None where this run's own push is yet to be followed."""
        return None if self._pushed else newest(clouds.github, self._workflow)

    def differences(self, state: RunState) -> list[Change]:
        """It goes on, or another is asked for; neither is drift."""
        if state.status != COMPLETED:
            return [Change("status", state.status, COMPLETED, requested=True)]
        return [Change("run", "kept", "new", requested=True)] if self._redeploy else []

    def create(self, clouds: Connections) -> RunState:
        """Follow the run of the push; where nothing was pushed and nothing ever ran, start it by hand."""
        if not self._pushed:
            return self._start(clouds.github)
        commit, self._pushed = self._pushed, ""
        return self._follow(clouds.github, self._appeared(clouds.github, commit=commit))

    def update(self, clouds: Connections, state: RunState, changes: list[Change]) -> RunState:
        """Wait for one that goes on, or start another."""
        if [change.field for change in changes] == ["status"]:
            return self._follow(clouds.github, state.id)
        return self._start(clouds.github)

    def delete(self, clouds: Connections, state: RunState) -> None:
        """A run is a record of what was: it stays."""
        del clouds, state
        raise StillNeeded("GitHub keeps the record of past runs")

    def planned(self) -> RunState:
        """Nothing has run yet."""
        return NO_RUN

    def _start(self, github: GitHub) -> RunState:
        where = self._workflow.target
        earlier = {run.id for run in github.runs(where.repository, self._workflow.file, where.branch)}
        github.dispatch(where.repository, self._workflow.file, where.branch)
        return self._follow(github, self._appeared(github, earlier=earlier))

    def _appeared(self, github: GitHub, *, commit: str = "", earlier: Collection[int] = ()) -> int:
        where = self._workflow.target

        def new() -> list[int]:
            runs = github.runs(where.repository, self._workflow.file, where.branch, commit)
            return [run.id for run in runs if run.id not in earlier]

        appeared = wait_until(bool, new, APPEARS_SECONDS, subject="GitHub to start the workflow")
        if not appeared:
            raise UnexpectedResponse(
                "GitHub",
                "start the workflow",
                f"{self._workflow.path} is on {where.branch}, but no run of it appeared in {APPEARS_SECONDS:.0f} seconds.",
                "Check that Actions are enabled for the repository, and that the workflow is not disabled.",
                "ci-not-triggered",
            )
        return appeared[0]

    def _follow(self, github: GitHub, run_id: int) -> RunState:
        """Wait for the run's end. In the concurrency group a newer push takes the place of one that waits: then that one counts."""
        following = run_id

        def read() -> RunState:
            nonlocal following
            run = _state(github.run(self._workflow.target.repository, following))
            latest = newest(github, self._workflow) if run.conclusion == CANCELLED else None
            if latest is None or latest.id <= following:
                return run
            following = latest.id
            return latest

        def has_ended(run: RunState) -> bool:
            return STATUSES.has_ended(run.status) and run.id == following

        run = wait_until(has_ended, read, self._seconds, subject=f"the run of {self._workflow.path}")
        stage = STATUSES.stage(run.status)
        if stage is Stage.GOING_ON:
            raise UnexpectedResponse(
                "GitHub",
                "wait for the run",
                f"The run of {self._workflow.path} is still {run.status} after {self._seconds / 60:.0f} minutes.",
                f"Look at it: {run.page}. Running this again waits for the same one.",
                "ci-run-slow",
            )
        if stage is Stage.UNKNOWN:
            raise UnexpectedResponse(
                "GitHub",
                "wait for the run",
                f"GitHub says of the run of {self._workflow.path} that it is {run.status or 'nothing'}, which is not known here.",
                f"Look at it: {run.page}.",
                "ci-run-slow",
            )
        return run


def newest(github: GitHub, workflow: WorkflowFile) -> RunState | None:
    """The newest run on the production branch, if there is one."""
    runs = github.runs(workflow.target.repository, workflow.file, workflow.target.branch)
    return _state(runs[0]) if runs else None


def settled(github: GitHub, workflow: WorkflowFile, minutes: float) -> RunState | None:
    """The newest run, or, while it is still within its ``minutes``, the newest one before it that ended by itself."""
    listed = [_state(run) for run in github.runs(workflow.target.repository, workflow.file, workflow.target.branch)]
    if not listed or not listed[0].is_under_way(minutes):
        return next(iter(listed), None)
    # In the concurrency group a run that waits is cancelled for a newer one.
    ended = (run for run in listed if run.status == COMPLETED and run.conclusion != CANCELLED)
    return next(ended, listed[0])


def _state(run: schema.Run) -> RunState:
    return RunState(run.id, run.status, run.conclusion, run.html_url, run.created_at or NEVER, run.run_number)
