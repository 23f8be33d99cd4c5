from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deploybook.guide.evidence import is_current, latest
from deploybook.runbook.events import Event
from deploybook.site.overview import runbooks
from deploybook.site.verified import verified_line

if TYPE_CHECKING:
    from tests.site.conftest import Checkout

PASSED = Event("check", "passed", "it holds")
FAILED = Event("check", "failed", "it holds")
LATER = Event("check", "later", "it holds")


def test_without_a_run_the_line_says_so(checkout: Checkout) -> None:
    assert "Not yet run" in verified_line(checkout.guide(), "r2")


def test_the_line_tells_mode_time_checks_duration_and_commit(checkout: Checkout) -> None:
    checkout.ran("r2", {"preflight": [Event("preflight", "passed", "a")], "verify": [PASSED, LATER]})
    line = verified_line(checkout.guide(), "r2")
    assert "**Verified** by a dry-run on" in line
    assert '<time datetime="2026-01-02T03:04:05+00:00">2 January 2026, 03:04 UTC</time>' in line
    assert "2 of 2 checks passed in 3.1 s, 1 later, at commit `0123456+`." in line


def test_the_overview_tells_the_seconds_of_each_runbook_and_its_longest_step(checkout: Checkout) -> None:
    checkout.ran("r2", {"verify": [PASSED]})
    table = runbooks(checkout.guide())
    assert "| 3.1 s, of which 1.2 s in [verify](runbooks/r2.md) |" in table
    assert "All of them" not in table


def test_the_overview_tells_the_seconds_of_a_dry_run_of_all(checkout: Checkout) -> None:
    for slug in checkout.guide().contract.order():
        directory = checkout.ran(slug, {"verify": [PASSED]})
    checkout.report(directory, checkout.results)
    assert "All of them, in one dry run: **5.0 s**." in runbooks(checkout.guide())
    checkout.ran("r2", {"verify": [PASSED]}, started="20270102T030405Z")
    assert "All of them" not in runbooks(checkout.guide())


def test_the_newest_run_of_a_section_counts(checkout: Checkout) -> None:
    checkout.ran("r2", {"verify": [PASSED]}, started="20260102T000000Z")
    checkout.ran("r2", {"verify": [PASSED, PASSED]}, started="20260103T000000Z")
    checkout.ran("webhook_secret", {"verify": [PASSED]}, started="20260104T000000Z")
    evidence = latest(checkout.layout.runs)
    assert evidence["r2"].started.day == 3
    assert evidence["r2"].passed == 2
    assert evidence["webhook_secret"].started.day == 4


def test_a_second_run_in_the_same_second_is_newer(checkout: Checkout) -> None:
    checkout.ran("r2", {"verify": [PASSED]}).rename(checkout.layout.runs / "20260102T030405Z-dry-run-10")
    checkout.ran("r2", {}).rename(checkout.layout.runs / "20260102T030405Z-dry-run-9")
    checkout.ran("r2", {})
    assert latest(checkout.layout.runs)["r2"].passed == 1


def test_a_failed_run_is_shown_as_failed(checkout: Checkout) -> None:
    checkout.ran("r2", {"verify": [PASSED, FAILED]}, status="failed", error="The <bucket> is *gone*.")
    line = verified_line(checkout.guide(), "r2")
    assert "**Failed**" in line
    assert "1 of 2 checks passed" in line
    assert r"The &lt;bucket&gt; is \*gone\*." in line
    assert "db-failed" in line


def test_a_section_that_did_not_run_is_not_verified(checkout: Checkout) -> None:
    directory = checkout.ran("r2", {"verify": [PASSED]}, status="not-run")
    (directory / "r2.ipynb").unlink()
    assert "Verified" not in verified_line(checkout.guide(), "r2")


def test_live_runs_and_runs_without_a_whole_report_are_no_evidence(checkout: Checkout) -> None:
    directory = checkout.ran("r2", {"verify": [PASSED]})
    directory.rename(checkout.layout.runs / "20260102T030405Z-apply")
    half = checkout.ran("r2", {"verify": [PASSED]})
    (half / "report.json").write_text('{"mode": "dry-r', encoding="utf-8")
    (checkout.layout.runs / "20270101T000000Z-dry-run").mkdir()
    assert latest(checkout.layout.runs) == {}


def test_a_runbook_that_changed_since_is_reported(checkout: Checkout) -> None:
    checkout.own("runbooks")
    directory = checkout.ran("r2", {"verify": [PASSED]})
    source = checkout.layout.notebook("r2")
    assert is_current(directory / "r2.ipynb", source)
    assert "changed since" not in verified_line(checkout.guide(), "r2")
    notebook = json.loads(source.read_text(encoding="utf-8"))
    notebook["cells"][-1]["source"] = ["rb.finish()  # otherwise"]
    source.write_text(json.dumps(notebook), encoding="utf-8")
    assert "changed since" in verified_line(checkout.guide(), "r2")
