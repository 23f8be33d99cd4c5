"""How a run looks while it goes on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from deploybook.runner.progress import Progress, summarize
from deploybook.runner.report import CellResult, RunReport, SectionResult


def test_a_terminal_shows_how_long_a_section_has_been_running(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("deploybook.runner.progress.time.monotonic", lambda: clock[0])
    written = io.StringIO()
    with Progress(Console(file=written, force_terminal=True, width=80)) as progress:
        progress.section_started("render")
        clock[0] = 195.0
        assert progress._doing().plain == "running render (95 s) …"
        progress.section_started("vercel")
        assert progress._doing().plain == "running render (95 s), vercel (0 s) …"
        progress.section_done(SectionResult("render", "Render", status="passed", seconds=95.0))
        progress.section_done(SectionResult("vercel", "Vercel", status="passed", seconds=1.0))
        assert progress._doing().plain == ""
    assert "passed in 95.0 s" in written.getvalue()


def test_elsewhere_there_are_plain_lines_only() -> None:
    written = io.StringIO()
    with Progress(Console(file=written, width=80)) as progress:
        progress.section_started("render")
        progress.cell_done("render", CellResult("deploy", 0.1, [note("Render deploy dep-x: build_in_progress")]))
        progress.section_done(SectionResult("render", "Render"))
    assert written.getvalue().splitlines() == [
        "render: started",
        "render         · note         Render deploy dep-x: build_in_progress",
        "render         – not-run",
    ]


def test_a_run_ends_with_how_long_it_took_and_where() -> None:
    written = io.StringIO()
    modal = SectionResult(
        "modal", "Modal", "passed", 20.0, cells=[CellResult("secrets", 3.0), CellResult("app", 12.34)]
    )
    turso = SectionResult("turso", "Turso", "passed", 9.0, cells=[CellResult("group", 1.0), CellResult("token", 7.0)])
    report = RunReport("dry-run", "production", "2026-01-01T00:00:00Z", 31.26, "", [modal, turso])
    summarize(Console(file=written, width=80), report, "build/runs/x")
    assert written.getvalue().splitlines()[-1] == (
        "took 31.3 s; longest: modal app 12.3 s, turso token 7.0 s, modal secrets 3.0 s"
    )


def test_a_run_in_which_nothing_was_executed_says_how_long_it_took() -> None:
    written = io.StringIO()
    report = RunReport("plan", "production", "2026-01-01T00:00:00Z", 0.5, "", [SectionResult("r2", "R2")])
    summarize(Console(file=written, width=80), report, "build/runs/x")
    lines = written.getvalue().splitlines()
    assert lines[-1] == "took 0.5 s"
    assert "0 of 1 sections passed (plan, production)" in lines


def note(text: str) -> dict[str, object]:
    return {"step": "note", "outcome": "note", "subject": text}
