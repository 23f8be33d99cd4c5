"""What the application's notebook shows: findings, sections, and nothing at all of an application that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploybook.checks.app.notebook import Application, report_of
from deploybook.errors import ConfigurationError, InvalidValue, NotTested, VerificationFailed
from deploybook.layout import Layout
from deploybook.runbook.events import Event
from deploybook.runbook.output import use_listener

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def events() -> Iterator[list[Event]]:
    """What is shown."""
    emitted: list[Event] = []
    with use_listener(emitted.append):
        yield emitted


def section(status: str, error: dict[str, Any] | None = None, *lines: dict[str, Any]) -> dict[str, Any]:
    """A section of a run's report."""
    cells = [{"id": "verify", "lines": list(lines)}]
    return {"slug": "vercel", "title": "Vercel", "status": status, "seconds": 2.0, "cells": cells, "error": error}


def report(*sections: dict[str, Any]) -> dict[str, Any]:
    return {"exit_code": 0, "run": {"sections": list(sections)}}


def test_nothing_is_claimed_of_an_application_that_is_not_there(events: list[Event]) -> None:
    application = Application.open("dry-run", "production", "")
    application.describe()
    application.read_code()
    application.build_and_run()
    application.finish()
    assert {event.outcome for event in events} == {"left out", "manual", "note"}
    assert "nothing is claimed" in events[-1].subject


def test_a_folder_that_is_not_there_and_another_mode_are_refused() -> None:
    with pytest.raises(InvalidValue, match="There is no folder"):
        Application.open("dry-run", "production", "nowhere")
    with pytest.raises(InvalidValue, match="not examined in the mode apply"):
        Application.open("apply", "production", "")


def test_an_error_in_the_code_is_shown_and_fails(studio: Path, events: list[Event]) -> None:
    (studio / "worker/Dockerfile").write_text("FROM node:20-slim\nCOPY absent.json ./\n")
    application = Application(Layout(ROOT), "production", studio)
    application.read_code()
    assert [event.subject for event in events if event.outcome == "failed" and "absent.json" in event.subject]
    with pytest.raises(VerificationFailed, match="errors in the code"):
        application.finish()


def test_a_section_that_fails_is_shown_with_its_reason_and_entry(events: list[Event]) -> None:
    application = Application(Layout(ROOT), "production", ROOT)
    application.judge(report(section("failed", {"message": "the build ended", "entry": "vercel-build-failed"})))
    assert events[0].outcome == "failed"
    assert events[0].detail == "the build ended"
    assert events[0].entry == "vercel-build-failed"
    with pytest.raises(VerificationFailed, match="Vercel"):
        application.finish()


def test_what_is_not_tested_is_not_said_to_pass(events: list[Event]) -> None:
    application = Application(Layout(ROOT), "production", ROOT)
    line = {"outcome": "not tested", "subject": "a render", "detail": "it asks for a GPU"}
    application.judge(report(section("incomplete", None, line)))
    assert [event.plain() for event in events][-1] == "○ not tested   Vercel: a render — it asks for a GPU"
    with pytest.raises(NotTested, match="Vercel"):
        application.finish()
    assert not [event for event in events if event.outcome == "passed"]


def test_a_whole_application_passes(events: list[Event]) -> None:
    application = Application(Layout(ROOT), "production", ROOT)
    application.judge(report(section("passed")))
    application.finish()
    assert [event.outcome for event in events] == ["passed", "passed"]


def test_a_command_that_reports_nothing_is_an_error_with_its_last_words() -> None:
    said: list[str] = []
    with pytest.raises(ConfigurationError, match="reported nothing: deploybook has no command no-such-command"):
        report_of(["no-such-command"], ROOT, said.append)
    assert said[0].startswith("error: ")
