"""The runner, with workers that only pretend: which sections start when, which never, and what is reported."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT

from deploybook.contract.model import load_contract
from deploybook.layout import Layout
from deploybook.runbook.modes import Mode
from deploybook.runner.executors import CellListener, Workers
from deploybook.runner.plan import Plan
from deploybook.runner.report import CellResult, RunReport, SectionResult
from deploybook.runner.run import run
from deploybook.runner.worker import SectionJob, error_in

ALL = ("r2", "turso", "modal", "webhook_secret", "vercel", "render")


class Pretended:
    """An executor whose sections end in the order of their start, one at a time; ``failing`` ones fail."""

    def __init__(self, failing: Collection[str] = ()) -> None:
        self.failing = failing
        self.started: list[str] = []
        self.beside: list[int] = []
        self.warm = False
        self.ends = ""
        self._running: list[SectionJob] = []

    def warm_up(self) -> None:
        self.warm = True

    @contextmanager
    def open(self, jobs: int, listener: CellListener) -> Iterator[Workers]:
        self._listener = listener
        yield self

    def start(self, job: SectionJob) -> None:
        self.started.append(job.section.slug)
        self._running.append(job)

    def stop(self) -> None:
        self.ends = "stopped"

    def kill(self) -> None:
        self.ends = "killed"

    def ended(self) -> list[SectionResult]:
        self.beside.append(len(self._running))
        job = self._running.pop(0)
        slug = job.section.slug
        result = SectionResult(slug, job.section.title, "passed", 1.0, cells=[CellResult("only", 1.0)])
        self._listener.cell_done(slug, result.cells[0])
        if slug in self.failing:
            result.status = "failed"
            result.error = error_in(slug, "only", "NotFound", "It is not there.", "Make it.", "not-found")
        return [result]


class RecordingListener:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section_started(self, slug: str) -> None:
        self.lines.append(f"{slug} started")

    def cell_started(self, slug: str, cell: str) -> None:
        """The end of a cell says enough here."""

    def event_shown(self, slug: str, cell: str, data: Mapping[str, Any]) -> None:
        """The end of a cell says enough here."""

    def cell_done(self, slug: str, cell: CellResult) -> None:
        self.lines.append(f"{slug} {cell.id}")

    def section_done(self, result: SectionResult) -> None:
        self.lines.append(f"{result.slug} {result.status}")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "runbooks").symlink_to(ROOT / "runbooks")
    return Layout(tmp_path)


def ran(layout: Layout, mode: Mode, executor: Pretended, jobs: int = 2) -> tuple[RunReport, list[str], Path]:
    listener = RecordingListener()
    report, directory = run(
        Plan(layout, load_contract(layout.contract), mode, "production", ALL, jobs=jobs), listener, executor
    )
    return report, listener.lines, directory


def test_a_section_starts_after_all_that_it_needs_and_not_more_at_once_than_asked(layout: Layout) -> None:
    executor = Pretended()
    report, listener, _ = ran(layout, Mode.PLAN, executor)
    contract = load_contract(layout.contract)
    for slug in ALL:
        before = listener[: listener.index(f"{slug} started")]
        assert {f"{predecessor} passed" for predecessor in contract.comes_after(slug) & set(ALL)} <= set(before)
        assert listener.index(f"{slug} only") < listener.index(f"{slug} passed")
    assert set(executor.started) == set(ALL)
    assert max(executor.beside) == 2
    assert report.exit_code == 0
    alone = Pretended()
    ran(layout, Mode.PLAN, alone, jobs=1)
    assert set(alone.beside) == {1}


def test_what_stands_on_a_failed_section_is_not_run_and_the_rest_is(layout: Layout) -> None:
    executor = Pretended(failing={"modal"})
    report, listener, directory = ran(layout, Mode.PLAN, executor)
    assert {section.slug: section.status for section in report.sections} == {
        "r2": "passed",
        "turso": "passed",
        "modal": "failed",
        "webhook_secret": "passed",
        "vercel": "not-run",
        "render": "not-run",
    }
    assert {"vercel", "render"} & set(executor.started) == set()
    assert report.exit_code == 3
    assert "vercel not-run" in listener
    written = json.loads((directory / "report.json").read_text())
    assert [section["slug"] for section in written["sections"]] == [section.slug for section in report.sections]


def test_destroy_goes_the_other_way_round(layout: Layout) -> None:
    executor = Pretended()
    ran(layout, Mode.DESTROY, executor)
    assert executor.started.index("render") < executor.started.index("vercel") < executor.started.index("modal")
    assert executor.started.index("modal") < executor.started.index("r2")


@pytest.mark.parametrize(
    ("name", "message", "kind", "code", "sentence"),
    [
        (
            "OSError",
            "[Errno 28] No space left on device: '/disk/production.env'",
            "MachineFault",
            7,
            "This machine does not let deploybook use /disk/production.env: No space left on device.",
        ),
        (
            "PermissionError",
            "[Errno 13] Permission denied: '/disk'",
            "MachineFault",
            7,
            "use /disk: Permission denied.",
        ),
        ("OSError", "[Errno 30] Read-only file system", "MachineFault", 7, "use a file: Read-only file system."),
        ("ConnectionResetError", "[Errno 104] Connection reset by peer", "RunbookFailed", 5, "ConnectionResetError"),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'x'", "RunbookFailed", 5, "FileNotFoundError"),
        ("KeyboardInterrupt", "", "Stopped", 130, "The r2 runbook was stopped by a signal."),
        ("ZeroDivisionError", "division by zero", "RunbookFailed", 5, "ZeroDivisionError: division by zero"),
    ],
)
def test_what_the_machine_refuses_is_told_from_a_bug(
    name: str, message: str, kind: str, code: int, sentence: str
) -> None:
    error = error_in("r2", "bucket", name, message, "", "")
    assert error["type"] == kind
    assert error["exit_code"] == code
    assert sentence in error["message"]
