"""How a run looks while it goes on."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from deploybook.runner.progress import Progress, summarize
from deploybook.runner.report import CellResult, RunReport, SectionResult
from deploybook.runner.usual import usual_seconds
from deploybook.runner.wrapping import wrapped


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as the first of the list has it."""
    now = [100.0]
    monkeypatch.setattr("deploybook.runner.progress.time.monotonic", lambda: now[0])
    return now


def screen(progress: Progress) -> list[str]:
    """The lines that a terminal redraws."""
    return [line.plain for line in progress._now().renderables if isinstance(line, Text)]


def terminal(width: int = 80, **options: Any) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, force_terminal=True, width=width, **options), written


def test_a_terminal_shows_what_each_section_does_for_how_long_and_what_it_usually_takes(clock: list[float]) -> None:
    console, written = terminal()
    with Progress(console, 8, {"render": 150.0}) as progress:
        progress.section_started("render")
        clock[0] = 195.0
        progress.cell_started("render", "worker")
        assert screen(progress) == [
            "── 0 of 8 sections done, 1:35 so far",
            "render         1:35 of usually 2:30  worker",
        ]
        progress.section_started("vercel")
        progress.event_shown("vercel", "deploy", note("Vercel deployment dpl_x: BUILDING"))
        clock[0] = 255.0
        assert screen(progress)[2] == "vercel         1:00  Vercel deployment dpl_x: BUILDING (1:00)"
        progress.section_done(SectionResult("render", "Render", status="passed", seconds=95.0))
        progress.section_done(SectionResult("vercel", "Vercel", status="passed", seconds=1.0))
        assert screen(progress) == []
    assert "passed in 95.0 s" in written.getvalue()


def test_a_line_is_printed_when_it_is_shown_and_once(clock: list[float]) -> None:
    del clock
    console, written = terminal(no_color=True)
    progress = Progress(console)
    progress.section_started("r2")
    progress.event_shown("r2", "bucket", note("first"))
    assert "first" in written.getvalue()
    progress.event_shown(
        "r2", "bucket", {**note("api.cloudflare.com answered 429: asking again in 20 s"), "step": "wait"}
    )
    assert screen(progress)[1].endswith("api.cloudflare.com answered 429: asking again in 20 s")
    progress.cell_done("r2", CellResult("bucket", 1.0, [note("first"), note("second")]))
    printed = written.getvalue()
    assert printed.count("first") == 1
    assert printed.count("second") == 1
    assert "429" not in printed


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_what_is_redrawn_fits_the_width_and_no_word_is_split(clock: list[float], width: int) -> None:
    del clock
    console, written = terminal(width)
    progress = Progress(console, 8)
    progress.section_started("webhook_secret")
    subject = "a presigned PUT from the application's own origin is accepted by the bucket of this environment"
    progress.event_shown("webhook_secret", "verify", note(subject))
    assert max(map(len, screen(progress))) <= width
    lines = re.sub("\\x1b\\[[0-9;]*m", "", written.getvalue()).splitlines()
    words = " ".join(lines).split()
    assert [word for word in subject.split() if word not in words] == []
    if width >= 80:
        assert max(map(len, lines)) <= width


def test_a_dumb_terminal_and_one_without_colour_get_no_escape_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    console, written = terminal(no_color=True)
    with Progress(console, 1) as progress:
        progress.section_started("r2")
        progress.section_done(SectionResult("r2", "R2", "passed", 1.0))
    assert "\x1b" not in written.getvalue()
    assert "r2: started" in written.getvalue()


def test_a_command_in_a_hint_is_not_broken(clock: list[float]) -> None:
    del clock
    command = "deploybook run modal vercel render --mode apply -p app_path modal_app/app.py"
    text = f"  hint: The key is not the vault's any more and cannot be read again. Run {command}, then the sections that use it."
    lines = wrapped(text, 80, "    ").splitlines()
    assert any(command in line for line in lines)
    assert all(len(line) <= 80 or command in line for line in lines)
    assert " ".join(" ".join(lines).split()) == " ".join(text.split())


def test_the_usual_time_is_the_median_of_the_latest_runs_that_passed_in_the_mode(tmp_path: Path) -> None:
    for number, (mode, status, seconds) in enumerate(
        [
            ("apply", "passed", 10.0),
            ("apply", "passed", 30.0),
            ("apply", "passed", 20.0),
            ("apply", "failed", 900.0),
            ("plan", "passed", 1.0),
        ]
    ):
        folder = tmp_path / f"2026010{number}T000000Z-{mode}"
        folder.mkdir()
        section = SectionResult("render", "Render", status, seconds)
        RunReport(mode, "production", "2026-01-01T00:00:00Z", seconds, "", [section]).write(folder)
    (tmp_path / "20260109T000000Z-apply").mkdir()
    assert usual_seconds(tmp_path, "apply") == {"render": 20.0}
    assert usual_seconds(tmp_path / "none", "apply") == {}


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


def test_what_is_incomplete_is_counted_apart_from_what_passed() -> None:
    written = io.StringIO()
    untested = {"step": "check", "outcome": "not tested", "subject": "a claim", "detail": "because", "entry": ""}
    vercel = SectionResult("vercel", "Vercel", cells=[CellResult("verify", 1.0, [untested])])
    vercel.succeed()
    report = RunReport("apply", "production", "2026-01-01T00:00:00Z", 1.0, "", [vercel])
    summarize(Console(file=written, width=80), report, "build/runs/x")
    assert "0 of 1 sections passed, 1 incomplete (apply, production): 1 not tested" in written.getvalue()


def test_what_goes_on_from_an_item_of_a_list_stands_behind_its_beginning() -> None:
    lines = wrapped(f"error:\n  {'word ' * 20}\nhint: {'word ' * 20}", 60, "  ").splitlines()
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 4, 6, 2, 2]
