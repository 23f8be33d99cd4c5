"""The workflow's run: found after a push, followed to its end, and reported with the job and step that failed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from deploybook.clouds.github.client import GitHub
from deploybook.clouds.github.resources import FileState, WorkflowFile
from deploybook.clouds.resource import Change, Resource, StillNeeded
from deploybook.errors import UnexpectedResponse

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections

COMPLETED, SUCCESS, CANCELLED = "completed", "success", "cancelled"
# GitHub shows a run a few seconds after the push that starts it.
APPEARS_SECONDS = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 0.3, 10.0
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
        known = {run["id"] for run in github.runs(where.repository, self._workflow.file, where.branch)}
        github.dispatch(where.repository, self._workflow.file, where.branch)
        return self._follow(github, self._appeared(github, known=known))

    def _appeared(self, github: GitHub, *, commit: str = "", known: set[int] | None = None) -> int:
        where = self._workflow.target
        deadline, pause = time.monotonic() + APPEARS_SECONDS, FIRST_PAUSE
        while True:
            runs = github.runs(where.repository, self._workflow.file, where.branch, commit)
            new = [run["id"] for run in runs if run["id"] not in (known or set())]
            if new:
                return int(new[0])
            if time.monotonic() > deadline:
                raise UnexpectedResponse(
                    "GitHub",
                    "start the workflow",
                    f"{self._workflow.path} is on {where.branch}, but no run of it appeared in {APPEARS_SECONDS:.0f} seconds.",
                    "Look whether Actions are switched on for the repository, and the workflow is not disabled.",
                    "ci-not-triggered",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _follow(self, github: GitHub, run_id: int) -> RunState:
        deadline, pause = time.monotonic() + self._seconds, FIRST_PAUSE
        while True:
            run = github.run(self._workflow.target.repository, run_id)
            if run["status"] == COMPLETED and run["conclusion"] != CANCELLED:
                return _state(run)
            if run["status"] == COMPLETED:
                # In the concurrency group a newer push takes the place of one that waits: that one counts.
                latest = newest(github, self._workflow)
                if latest is None or latest.id == run_id:
                    return _state(run)
                run_id = latest.id
                continue
            if time.monotonic() > deadline:
                raise UnexpectedResponse(
                    "GitHub",
                    "wait for the run",
                    f"The run of {self._workflow.path} is still {run['status']} after {self._seconds / 60:.0f} minutes.",
                    f"Look at it: {run['html_url']}. Running this again waits for the same one.",
                    "ci-run-slow",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)


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


def _state(run: dict[str, Any]) -> RunState:
    return RunState(
        int(run["id"]),
        str(run["status"]),
        str(run["conclusion"] or ""),
        str(run["html_url"]),
        datetime.fromisoformat(run["created_at"]),
        int(run["run_number"]),
    )
