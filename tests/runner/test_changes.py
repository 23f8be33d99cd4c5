"""A plan as lines and as a file, and what ``apply`` refuses when the world is another."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import CONTRACT, ROOT

from deploybook.errors import InvalidValue, NeedsDecision
from deploybook.layout import Layout
from deploybook.runbook.modes import Mode
from deploybook.runner.changes import Change, PlanFile, changes_of, plan_lines, write_plan
from deploybook.runner.plan import Plan
from deploybook.runner.report import CellResult, RunReport, SectionResult

BUCKET = Change("r2", "would create", "R2 bucket studio")
CORS = Change("r2", "later", "CORS rule studio", "needs NEXT_PUBLIC_APP_URL")
DATABASE = Change("turso", "unchanged", "Turso database studio")
PLAN = Plan(Layout(ROOT), CONTRACT, Mode.PLAN, "production", ("r2", "turso"), {"r2": {"bucket_name": "studio"}})


def line(step: str, outcome: str, subject: str) -> dict[str, str]:
    return {"step": step, "outcome": outcome, "subject": subject, "detail": ""}


def test_the_changes_are_a_plans_resources_and_nothing_else() -> None:
    cell = CellResult(
        "c", 0.0, [line("preflight", "passed", "x"), line("resource", "would create", "R2 bucket  studio")]
    )
    report = RunReport("plan", "production", "", 0.0, "", [SectionResult("r2", "R2", "passed", cells=[cell])])
    assert changes_of(report) == [BUCKET]


def test_lines_show_what_would_change_and_what_is_known_only_later_and_count_the_rest() -> None:
    assert list(plan_lines([BUCKET, CORS, DATABASE])) == [
        "r2",
        "  + create    R2 bucket studio",
        "  · later     CORS rule studio — needs NEXT_PUBLIC_APP_URL",
        "1 to create, 1 known only later, 1 unchanged",
    ]


def test_a_plan_comes_back_from_its_file(tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.json", PLAN, [BUCKET, CORS])
    written = PlanFile.read(tmp_path / "plan.json")
    assert written.sections == ("r2", "turso")
    assert written.parameters == {"r2": {"bucket_name": "studio"}}
    assert written.changes == (BUCKET, CORS)
    written.require_same([CORS, BUCKET], PLAN)


@pytest.mark.parametrize("now", [[BUCKET], [BUCKET, CORS, DATABASE], [DATABASE, CORS]])
def test_another_world_is_refused_with_what_is_different(tmp_path: Path, now: list[Change]) -> None:
    write_plan(tmp_path / "plan.json", PLAN, [BUCKET, CORS])
    with pytest.raises(NeedsDecision, match="Nothing was changed") as refused:
        PlanFile.read(tmp_path / "plan.json").require_same(now, PLAN)
    assert f"deploybook run r2 turso --mode plan --plan-out {tmp_path / 'plan.json'}." in refused.value.hint
    for change in {BUCKET, CORS} ^ set(now):
        assert change.subject in str(refused.value)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 2}', "not json"])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(InvalidValue, match="not a plan that deploybook wrote"):
        PlanFile.read(tmp_path / "plan.json")
