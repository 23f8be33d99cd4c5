"""How a run looks while it goes on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from deploybook.report import CellResult, SectionResult
from deploybook.terminal import Progress


def test_a_terminal_is_told_for_how_long_a_section_has_been_running(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("deploybook.terminal.time.monotonic", lambda: clock[0])
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


def note(text: str) -> dict[str, object]:
    return {"step": "note", "outcome": "note", "subject": text}
