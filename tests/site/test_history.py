from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deploybook.errors import DocsError
from deploybook.runbook.events import Event
from deploybook.site.history import KEPT, past_runs, remember

if TYPE_CHECKING:
    from tests.site.conftest import Checkout

SHOWN = {"verify": [Event("check", "passed", "it holds")]}


def file_of(checkout: Checkout) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads((checkout.root / "build" / "history.json").read_text(encoding="utf-8"))
    return rows


def test_without_a_run_there_is_no_history_and_none_is_written(checkout: Checkout) -> None:
    remember(checkout.layout, checkout.root)
    assert past_runs(checkout.layout) == []
    assert not (checkout.root / "build").exists()


def test_a_run_is_remembered_with_its_time_commit_seconds_and_checks(checkout: Checkout) -> None:
    checkout.ran("r2", SHOWN)
    (run,) = past_runs(checkout.layout)
    assert run.started.isoformat() == "2026-01-02T03:04:05+00:00"
    assert run.commit == "0123456+"
    assert run.seconds == 5.0
    assert run.sections[0].model_dump() == {"slug": "r2", "status": "passed", "seconds": 3.14, "tested": 1, "passed": 1}


def test_what_a_build_wrote_down_outlives_the_runs_and_is_shown_once(checkout: Checkout) -> None:
    first = checkout.ran("r2", SHOWN, started="20260102T000000Z")
    remember(checkout.layout, checkout.root)
    remember(checkout.layout, checkout.root)
    assert len(file_of(checkout)) == 1
    (first / "report.json").unlink()
    checkout.ran("r2", SHOWN, started="20260103T000000Z", status="failed")
    assert [run.passed for run in past_runs(checkout.layout)] == [True, False]


def test_runs_of_two_machines_in_the_same_second_are_two(checkout: Checkout) -> None:
    checkout.ran("r2", SHOWN)
    remember(checkout.layout, checkout.root)
    other = file_of(checkout)[0] | {"seconds": 7.0}
    (checkout.root / "build" / "history.json").write_text(json.dumps([other]), encoding="utf-8")
    assert {run.seconds for run in past_runs(checkout.layout)} == {5.0, 7.0}


def test_only_the_newest_are_kept_and_the_page_says_how_many(checkout: Checkout) -> None:
    checkout.ran("r2", SHOWN, started="20270101T000000Z")
    remember(checkout.layout, checkout.root)
    (own,) = file_of(checkout)
    others = [own | {"name": f"run-{number}", "started": "2026-01-01T00:00:00Z"} for number in range(KEPT + 5)]
    (checkout.root / "build" / "history.json").write_text(json.dumps(others), encoding="utf-8")
    remember(checkout.layout, checkout.root)
    assert len(file_of(checkout)) == KEPT
    assert file_of(checkout)[-1] == own
    page = (checkout.root / "docs" / "status.md").read_text(encoding="utf-8")
    assert f"keeps the newest {KEPT}," in page


@pytest.mark.parametrize("text", ["{", "[1]", '[{"name": "x"}]', "null"])
def test_a_file_that_is_no_history_is_refused(checkout: Checkout, text: str) -> None:
    (checkout.root / "build").mkdir()
    (checkout.root / "build" / "history.json").write_text(text, encoding="utf-8")
    with pytest.raises(DocsError, match="not the history of dry runs"):
        past_runs(checkout.layout)
