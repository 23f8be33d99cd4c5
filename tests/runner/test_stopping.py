"""A signal that comes while sections run: what is under way ends, nothing else is started, and the report says how far it came."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.runner.test_run import ALL, Pretended, RecordingListener, layout

from deploybook.contract.model import load_contract
from deploybook.layout import Layout
from deploybook.runbook.modes import Mode
from deploybook.runner.executors import CellListener, Workers
from deploybook.runner.plan import Plan
from deploybook.runner.report import RunReport, SectionResult
from deploybook.runner.run import run

__all__ = ["layout"]


class Signalled(Pretended):
    """An executor that gets signals during its first section; ``written`` is the report on the disk at that moment."""

    def __init__(self, home: Layout, *numbers: signal.Signals) -> None:
        super().__init__()
        self._home = home
        self._numbers = numbers
        self.written: dict[str, object] = {}

    @contextmanager
    def open(self, jobs: int, listener: CellListener) -> Iterator[Workers]:
        with super().open(jobs, listener):
            yield self

    def ended(self) -> list[SectionResult]:
        [report] = self._home.runs.glob("*/report.json")
        self.written = json.loads(report.read_text())
        for number in self._numbers:
            os.kill(os.getpid(), number)
        return super().ended()


def ran(layout: Layout, executor: Signalled) -> RunReport:
    plan = Plan(layout, load_contract(layout.contract), Mode.PLAN, "production", ALL, jobs=1)
    report, directory = run(plan, RecordingListener(), executor)
    assert json.loads((directory / "report.json").read_text())["status"] == report.status
    return report


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=lambda value: str(value),
)
def test_a_signal_ends_a_run_after_what_is_under_way(layout: Layout, number: signal.Signals, code: int) -> None:
    before = signal.getsignal(number)
    executor = Signalled(layout, number)
    report = ran(layout, executor)
    assert executor.started == ["r2"]
    assert executor.ends == "stopped"
    assert report.status == "stopped"
    assert report.exit_code == code
    assert [section.status for section in report.sections] == ["passed", *["not-run"] * 5]
    assert signal.getsignal(number) is before


def test_a_second_signal_ends_it_at_once(layout: Layout, capfd: pytest.CaptureFixture[str]) -> None:
    executor = Signalled(layout, signal.SIGTERM, signal.SIGTERM)
    report = ran(layout, executor)
    assert executor.ends == "killed"
    assert report.exit_code == 143
    assert capfd.readouterr().err == (
        "\rstopping after the requests that are under way; once more (Ctrl-C) stops at once\n\rstopping at once\n"
    )


def test_what_is_ignored_stays_so(layout: Layout) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        report = ran(layout, Signalled(layout, signal.SIGHUP))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert report.status == "ended"
    assert report.exit_code == 0


def test_the_report_is_there_from_the_first_section_on(layout: Layout) -> None:
    executor = Signalled(layout)
    ran(layout, executor)
    # As it was when the last section ran.
    assert executor.written["status"] == "running"
    sections = executor.written["sections"]
    assert isinstance(sections, list)
    assert [section["status"] for section in sections] == [*["passed"] * 5, "not-run"]


def test_a_run_without_git_says_no_commit(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    report = ran(layout, Signalled(layout))
    assert report.status == "ended"
    assert report.commit == ""


def test_a_report_that_cannot_be_written_at_the_end_is_reported_beside_the_result(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = RunReport.write

    def full(self: RunReport, directory: object) -> None:
        if self.status != "running":
            raise OSError(28, "No space left on device", "report.json")
        written(self, directory)  # type: ignore[arg-type]

    monkeypatch.setattr(RunReport, "write", full)
    plan = Plan(layout, load_contract(layout.contract), Mode.PLAN, "production", ALL)
    report, _ = run(plan, RecordingListener(), Pretended())
    assert report.exit_code == 7
    assert str(report.unwritten) == "This machine does not let deploybook use report.json: No space left on device."
