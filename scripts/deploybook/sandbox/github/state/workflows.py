"""Workflows: what a file says (when it runs, under which concurrency group, what its jobs would do), and the runs of it.

https://docs.github.com/en/actions/writing-workflows/workflow-syntax-for-github-actions
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

import yaml

from deploybook.sandbox.github.state.repository import Commit, now, number

FOLDER = ".github/workflows/"
_SECRET = re.compile(r"\$\{\{[^}]*?\bsecrets\.([A-Za-z0-9_]+)[^}]*\}\}")
_FAILS = re.compile(r"\bcurl\b[^\n]*\s(--fail(-with-body|-early)?|-[a-zA-Z]*f[a-zA-Z]*)(\s|$)")


class InvalidWorkflow(Exception):
    """GitHub cannot run this file; a push of it makes a run that fails at once."""


@dataclass(frozen=True)
class Step:
    """One step: its name as GitHub shows it, and the command that it runs, if it runs one."""

    name: str
    command: str


@dataclass(frozen=True)
class JobPlan:
    """One job in effect: its steps, the secrets it reads, and which of the two deployments its commands make."""

    id: str
    name: str
    secrets: frozenset[str]
    deploys_web: bool
    calls_hook: bool
    fails_on_http_error: bool
    # ``vercel deploy --force``: a new deployment, though nothing changed.
    forces_deploy: bool
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class WorkflowFile:
    """A parsed file; ``triggers`` maps an event's name to its filters."""

    path: str
    name: str
    triggers: Mapping[str, Mapping[str, Any]]
    jobs: tuple[JobPlan, ...]
    group: str = ""
    cancel_in_progress: bool = False
    inputs: frozenset[str] = field(default_factory=frozenset)

    def runs_on_push(self, branch: str, paths: Iterable[str]) -> bool:
        """Whether a push of ``paths`` to ``branch`` starts it."""
        if "push" not in self.triggers:
            return False
        push, changed = self.triggers["push"], list(paths)
        if not _passes(push, "branches", [branch]) or ("tags" in push and "branches" not in push):
            return False
        return _passes(push, "paths", changed)


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
        group = self.workflow.group
        for expression, value in (("github.workflow", self.workflow.name), ("github.ref", f"refs/heads/{self.branch}")):
            group = group.replace("${{ " + expression + " }}", value)
        return group

    def move(self, status: str, conclusion: str | None = None) -> None:
        """Change the status."""
        self.status, self.conclusion, self.updated_at = status, conclusion, now()


def is_workflow(path: str) -> bool:
    """Whether GitHub takes the file of this path for a workflow."""
    name = path.removeprefix(FOLDER)
    return path.startswith(FOLDER) and "/" not in name and name.endswith((".yml", ".yaml"))


def parse(path: str, content: bytes) -> WorkflowFile:
    """Read a workflow; raises InvalidWorkflow for what GitHub would not run."""
    try:
        document = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise InvalidWorkflow(str(problem)) from None
    # YAML 1.1 reads the key ``on`` as true.
    events = document.get("on", document.get(True)) if isinstance(document, dict) else None
    if not events or not isinstance(document.get("jobs"), dict) or not document["jobs"]:
        raise InvalidWorkflow("a workflow needs the keys on and jobs")
    triggers = _triggers(events)
    concurrency = document.get("concurrency") or {}
    if isinstance(concurrency, str):
        concurrency = {"group": concurrency}
    shared = yaml.safe_dump(document.get("env") or {})
    return WorkflowFile(
        path,
        str(document.get("name") or path),
        triggers,
        tuple(_job(name, job, shared) for name, job in document["jobs"].items()),
        str(concurrency.get("group", "")),
        concurrency.get("cancel-in-progress") is True,
        frozenset((triggers.get("workflow_dispatch") or {}).get("inputs") or {}),
    )


def _triggers(events: Any) -> dict[str, dict[str, Any]]:
    if isinstance(events, str):
        return {events: {}}
    if isinstance(events, list):
        return {str(event): {} for event in events}
    return {str(event): filters if isinstance(filters, dict) else {} for event, filters in events.items()}


def _job(name: str, job: Any, shared: str) -> JobPlan:
    if not isinstance(job, dict) or "runs-on" not in job or not isinstance(job.get("steps"), list):
        raise InvalidWorkflow(f"job {name} needs runs-on and steps")
    text = yaml.safe_dump(job, width=10**6)
    steps = tuple(_step(step) for step in job["steps"] if isinstance(step, dict))
    commands = "\n".join(step.command for step in steps)
    return JobPlan(
        name,
        str(job.get("name") or name),
        frozenset(name.upper() for name in _SECRET.findall(text + shared)),
        bool(re.search(r"\bvercel(@\S+)?\s+deploy\b", commands)),
        bool(re.search(r"\bcurl\b", commands)) and "RENDER_DEPLOY_HOOK_URL" in text + shared,
        bool(_FAILS.search(commands.replace("\\\n", " "))),
        bool(re.search(r"\bvercel(@\S+)?\s+deploy\b.*\s--force\b", commands)),
        steps,
    )


def _step(step: Mapping[str, Any]) -> Step:
    command = str(step.get("run", ""))
    does = str(step.get("uses") or command.strip().partition("\n")[0])
    return Step(str(step.get("name") or f"Run {does}"), command)


def _passes(filters: Mapping[str, Any], name: str, values: list[str]) -> bool:
    wanted, unwanted = _patterns(filters, name), _patterns(filters, f"{name}-ignore")
    if name in filters:
        return any(_last_match(value, wanted) for value in values)
    return not unwanted or any(not any(_matches(value, pattern) for pattern in unwanted) for value in values)


def _patterns(filters: Mapping[str, Any], name: str) -> list[str]:
    patterns = filters.get(name) or []
    return [patterns] if isinstance(patterns, str) else [str(pattern) for pattern in patterns]


def _last_match(value: str, patterns: list[str]) -> bool:
    """Patterns apply in order; one with ``!`` excludes what an earlier one included."""
    included = False
    for pattern in patterns:
        if _matches(value, pattern.removeprefix("!")):
            included = not pattern.startswith("!")
    return included


def _matches(value: str, pattern: str) -> bool:
    return fnmatchcase(value, pattern)
