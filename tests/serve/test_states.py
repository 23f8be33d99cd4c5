"""How far a section is, by what its runs left behind; and the steps that its runbook has."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.conftest import CONTRACT, ROOT

from deploybook.layout import Layout
from deploybook.runner.report import CellResult, RunReport, SectionResult
from deploybook.serve.states import section_states
from deploybook.serve.steps import steps_of
from deploybook.state.vault import Vault

WOULD_UPDATE = {"step": "resource", "outcome": "would update", "subject": "R2 bucket", "detail": "", "entry": ""}


@pytest.fixture
def own_layout(tmp_path: Path) -> Layout:
    (tmp_path / "runbooks").symlink_to(ROOT / "runbooks")
    return Layout(tmp_path)


def ran(
    layout: Layout, number: int, mode: str, status: str, *lines: dict[str, str], environment: str = "production"
) -> None:
    started = datetime.datetime(2026, 1, 2, 3, 4, number, tzinfo=datetime.UTC)
    folder = layout.runs / f"{started:%Y%m%dT%H%M%SZ}-{mode}"
    folder.mkdir(parents=True)
    section = SectionResult("r2", "R2", status, 1.0, cells=[CellResult("bucket", 1.0, list(lines))])
    RunReport(mode, environment, started.isoformat(), 1.0, "", [section]).write(folder)


def state(layout: Layout, environment: str = "production") -> str:
    return section_states(layout, CONTRACT, environment)["r2"].state


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([("apply", "passed")], "done"),
        ([("apply", "failed")], "part"),
        ([("apply", "incomplete")], "part"),
        ([("apply", "passed"), ("verify", "failed")], "differs"),
        ([("apply", "failed"), ("verify", "passed")], "done"),
        ([("apply", "passed"), ("dry-run", "failed")], "done"),
        ([("apply", "passed"), ("apply", "not-run")], "done"),
        ([("plan", "passed")], "not begun"),
        ([("apply", "passed"), ("destroy", "passed")], "not begun"),
    ],
)
def test_the_latest_run_that_says_something_counts(
    own_layout: Layout, runs: list[tuple[str, str]], expected: str
) -> None:
    for number, (mode, status) in enumerate(runs):
        ran(own_layout, number, mode, status)
    assert state(own_layout) == expected


def test_a_plan_that_would_change_what_is_there_says_that_it_differs(own_layout: Layout) -> None:
    Vault(own_layout.state, "production").put({"R2_BUCKET_NAME": SecretStr("studio-production")})
    assert state(own_layout) == "part"
    ran(own_layout, 1, "apply", "passed")
    ran(own_layout, 2, "plan", "passed")
    assert state(own_layout) == "done"
    ran(own_layout, 3, "plan", "passed", WOULD_UPDATE)
    assert state(own_layout) == "differs"


def test_another_environments_runs_say_nothing(own_layout: Layout) -> None:
    ran(own_layout, 1, "apply", "passed", environment="staging")
    assert state(own_layout) == "not begun"
    assert state(own_layout, "staging") == "done"


def test_half_a_report_says_nothing(own_layout: Layout) -> None:
    ran(own_layout, 1, "apply", "passed")
    [report] = own_layout.runs.glob("*/report.json")
    report.write_text(report.read_text()[:-40])
    assert state(own_layout) == "not begun"


@pytest.mark.parametrize("slug", CONTRACT.order())
def test_every_cell_of_a_runbook_stands_under_a_step_and_the_checklists_steps_are_among_them(slug: str) -> None:
    steps = steps_of(ROOT / "runbooks" / f"{slug}.ipynb")
    assert all(step["title"] for step in steps)
    text = (ROOT / "docs" / "sections" / f"{slug}.md").read_text()
    written = {match.rstrip(".") for match in re.findall(r"^\d+\. \[ \] \*\*(.+?)\*\*", text, re.MULTILINE)}
    assert written & {step["title"] for step in steps}
