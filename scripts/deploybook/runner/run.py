"""The runner: sections in the contract's order, independent ones side by side, evidence first."""

from __future__ import annotations

import datetime
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from deploybook.errors import VaultLocked
from deploybook.layout import Layout
from deploybook.runbook import decisions, environment
from deploybook.runbook.credential_sources import GATHERED_VARIABLE
from deploybook.runbook.ipython import CONFIRM_VARIABLE
from deploybook.runbook.modes import Mode
from deploybook.runbook.sandbox_session import SandboxProcess, without
from deploybook.runner import kernel_folder
from deploybook.runner.event_log import EventFile, EventLines
from deploybook.runner.executors import Executor
from deploybook.runner.plan import Plan
from deploybook.runner.report import NOT_RUN, CellResult, ReportFile, RunReport, SectionResult
from deploybook.runner.stopping import Stop
from deploybook.runner.worker import SectionJob


class Listener(Protocol):
    """Receives the events of a run: a terminal, or plain lines in CI."""

    def section_started(self, slug: str) -> None:
        """A section's notebook has started."""

    def cell_started(self, slug: str, cell: str) -> None:
        """A code cell has started."""

    def event_shown(self, slug: str, cell: str, data: Mapping[str, Any]) -> None:
        """A code cell that goes on has shown an event; it stands in the cell's lines too when that has ended."""

    def cell_done(self, slug: str, cell: CellResult) -> None:
        """A code cell has ended."""

    def section_done(self, result: SectionResult) -> None:
        """A section has ended, or will not run."""


class _Both:
    """A Listener that passes on what it hears: to the run's own, and to the file that others watch."""

    def __init__(self, listener: Listener, file: EventLines) -> None:
        self._listeners: tuple[Listener, ...] = (file, listener)

    def section_started(self, slug: str) -> None:
        for listener in self._listeners:
            listener.section_started(slug)

    def cell_started(self, slug: str, cell: str) -> None:
        for listener in self._listeners:
            listener.cell_started(slug, cell)

    def event_shown(self, slug: str, cell: str, data: Mapping[str, Any]) -> None:
        for listener in self._listeners:
            listener.event_shown(slug, cell, data)

    def cell_done(self, slug: str, cell: CellResult) -> None:
        for listener in self._listeners:
            listener.cell_done(slug, cell)

    def section_done(self, result: SectionResult) -> None:
        for listener in self._listeners:
            listener.section_done(result)


def _nothing_more() -> None:
    """Nothing follows what was planned."""


def run(
    plan: Plan,
    listener: Listener,
    executor: Executor,
    start_sandbox: Callable[[], SandboxProcess] = SandboxProcess,
    then: Callable[[], Plan | None] = _nothing_more,
) -> tuple[RunReport, Path]:
    """Execute a plan. Returns the report and its folder; a failed section is in the report, not raised.

    ``start_sandbox`` starts the one that a dry run speaks to. ``then`` is called whenever all that could start has passed: what it plans
    is executed in the same run, and stands in the same report; None ends the run.
    """
    started = datetime.datetime.now(datetime.UTC)
    executor.warm_up()
    kernel_folder.sweep()
    directory = _make_directory(plan.layout.runs, f"{started:%Y%m%dT%H%M%SZ}-{plan.mode}")
    sections = [SectionResult(slug, plan.contract.section(slug).title) for slug in plan.order()]
    begun, commit = started.isoformat(timespec="seconds"), _commit(plan.layout)
    report = RunReport(plan.mode, plan.environment, begun, 0.0, commit, sections)
    with (
        _only_run(plan),
        _environment(plan, start_sandbox) as (state, environ),
        closing(EventFile(directory)) as events,
    ):
        events.run_started(plan)
        listener = _Both(listener, events)
        file, signal_number = ReportFile(report, directory), 0
        part: Plan | None = plan
        while part:
            signal_number = _run_sections(part, listener, executor, file, state, environ())
            part = None if report.exit_code or signal_number else then()
        for section in report.sections:
            if section.slug in plan.waiting_for_copy and section.status == NOT_RUN:
                listener.section_done(section)
        file.end(signal_number)
        events.run_done(report)
    return report, directory


@contextmanager
def _environment(
    plan: Plan, start_sandbox: Callable[[], SandboxProcess]
) -> Iterator[tuple[Path, Callable[[], dict[str, str]]]]:
    """The state's folder, and what gives the kernels' environment: that of a sandbox, which it starts, or the operator's of this moment."""
    if plan.mode.live:
        yield plan.layout.state, lambda: _operators_environment(plan)
        return
    sandbox = SandboxProcess(plan.app) if plan.app else start_sandbox()
    try:
        yield sandbox.state, lambda: sandbox.environment(_in_checkout(plan))
    finally:
        sandbox.close()


def _in_checkout(plan: Plan) -> dict[str, str]:
    return dict(os.environ) | {"DEPLOYBOOK_HOME": str(plan.layout.root)}


def _operators_environment(plan: Plan) -> dict[str, str]:
    environ = _in_checkout(plan)
    # What a notebook needed is still exported in the same shell: here the command line alone decides.
    for name in (CONFIRM_VARIABLE, *decisions.VARIABLES):
        environ.pop(name, None)
    confirmed = {CONFIRM_VARIABLE: plan.environment} if plan.mode in {Mode.APPLY, Mode.DESTROY} else {}
    return environ | confirmed | {GATHERED_VARIABLE: "1"} | plan.decisions.environment()


@contextmanager
def _only_run(plan: Plan) -> Iterator[None]:
    """Refuse a second run that changes the same environment: the two would race."""
    if plan.mode not in {Mode.APPLY, Mode.DESTROY}:
        with nullcontext():
            yield
        return
    plan.layout.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with FileLock(plan.layout.state / f"{plan.environment}.run.lock", timeout=0, mode=0o600):
            yield
    except Timeout:
        raise VaultLocked(f"Another run is changing {plan.environment}.", "Wait for it to end.") from None


def _run_sections(
    plan: Plan, listener: Listener, executor: Executor, report: ReportFile, state: Path, environ: dict[str, str]
) -> int:
    """Execute the sections of a plan, besides those that are held; returns the number of the signal that stopped it, or 0."""
    results: dict[str, SectionResult] = {}
    waiting = [slug for slug in plan.order() if slug not in plan.waiting_for_copy]
    running, stop = set[str](), Stop()
    with executor.open(plan.jobs, listener) as workers, stop.on_signals(workers):
        while running or (waiting and not stop.number):
            for slug in _startable(plan, waiting, results, len(running)):
                waiting.remove(slug)
                running.add(slug)
                listener.section_started(slug)
                workers.start(_job(plan, slug, report.directory, state, environ))
            for slug in _blocked(plan, waiting, results):
                waiting.remove(slug)
                results[slug] = SectionResult(slug, plan.contract.section(slug).title)
                listener.section_done(results[slug])
            for result in workers.ended() if running else ():
                running.remove(result.slug)
                if result.error:
                    result.error["hint"] = plan.completed(result.error["hint"])
                results[result.slug] = result
                report.add(result)
                listener.section_done(result)
    return stop.number


def _startable(plan: Plan, waiting: Sequence[str], results: Mapping[str, SectionResult], running: int) -> list[str]:
    passed = {slug for slug, result in results.items() if result.lets_others_start}
    ready = [slug for slug in waiting if plan.predecessors(slug) <= passed]
    return ready[: plan.jobs - running]


def _blocked(plan: Plan, waiting: Sequence[str], results: Mapping[str, SectionResult]) -> list[str]:
    broken = {slug for slug, result in results.items() if not result.lets_others_start}
    return [slug for slug in waiting if plan.predecessors(slug) & broken]


def _job(plan: Plan, slug: str, directory: Path, state: Path, environ: dict[str, str]) -> SectionJob:
    parameters = {**plan.parameters.get(slug, {}), "mode": str(plan.mode), "environment": plan.environment}
    notebook = plan.layout.notebook(slug)
    section = plan.contract.section(slug)
    own = _own_environment(plan, slug, environ, parameters)
    return SectionJob(section, notebook, _free(directory / notebook.name), parameters, state, own)


def _own_environment(plan: Plan, slug: str, environ: dict[str, str], parameters: Mapping[str, Any]) -> dict[str, str]:
    """What a section's kernel gets: its own credentials. In a dry run also those of earlier sections that it has to execute itself."""
    if plan.mode.live:
        return environment.for_section(plan.contract, slug, environ, parameters)
    earlier = plan.contract.all_predecessors(slug)
    executed = [slug] if set(earlier) <= set(plan.sections) else [slug, *earlier]
    read = {name for each in executed for name in environment.for_section(plan.contract, each, environ, parameters)}
    return without(environ, {credential.name for credential in plan.contract.credentials} - read)


def _free(copy: Path) -> Path:
    """Where a section's executed copy goes: beside that of its first time in this run, if there was one."""
    names = (copy.name, *(f"{copy.stem}.{number}{copy.suffix}" for number in range(2, 100)))
    return next(path for path in map(copy.with_name, names) if not path.exists())


def _make_directory(runs: Path, name: str) -> Path:
    """A folder of its own for this run, even if two start in one second."""
    for suffix in ("", *(f"-{number}" for number in range(2, 100))):
        directory = runs / f"{name}{suffix}"
        try:
            directory.mkdir(parents=True)
        except FileExistsError:
            continue
        return directory
    raise FileExistsError(name)


def _commit(layout: Layout) -> str:
    # Whatever git starts, a file system monitor or a pager, sees none of the operator's credentials.
    environ = environment.machine(os.environ)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(layout.root), *arguments]
        try:
            completed = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        except OSError:
            # A run needs no git: the report says less.
            return ""
        return completed.stdout.strip() if completed.returncode == 0 else ""

    commit = git("rev-parse", "HEAD")
    return commit + ("+" if commit and git("status", "--porcelain", "--untracked-files=no") else "")
