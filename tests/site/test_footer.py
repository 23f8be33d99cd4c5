from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from deploybook.site.footer import proved_line

if TYPE_CHECKING:
    from tests.site.conftest import Checkout


def plain(checkout: Checkout) -> str:
    return re.sub(r"<[^>]+>", "", proved_line(checkout.guide()))


def run_all(checkout: Checkout, started: str = "20260102T030405Z") -> None:
    for slug in checkout.guide().contract.order():
        directory = checkout.ran(slug, {}, started=started)
    checkout.report(directory, checkout.results, started)


def test_before_the_first_run_nothing_is_proved(checkout: Checkout) -> None:
    assert plain(checkout) == "Not yet proved: no dry run was here."


def test_a_run_of_all_sections_proves_the_site_at_its_commit(checkout: Checkout) -> None:
    run_all(checkout)
    assert plain(checkout) == "Proved by dry runs at commit 0123456+ on 2 January 2026, 03:04 UTC."


def test_sections_proved_at_several_commits_show_the_oldest_time(checkout: Checkout) -> None:
    run_all(checkout)
    newer = checkout.ran("turso", {}, started="20260105T000000Z")
    report = json.loads((newer / "report.json").read_text(encoding="utf-8"))
    (newer / "report.json").write_text(json.dumps(report | {"commit": "f" * 40}), encoding="utf-8")
    sentence = "at commits 0123456+, fffffff, from 2 January 2026, 03:04 UTC to 5 January 2026, 00:00 UTC."
    assert plain(checkout) == f"Proved by dry runs {sentence}"


def test_a_section_that_failed_or_did_not_run_leaves_the_site_unproved(checkout: Checkout) -> None:
    checkout.ran("r2", {}, status="failed")
    total = len(checkout.guide().contract.order())
    assert plain(checkout).startswith(f"Not proved: {total} of {total} sections did not pass or did not run. Latest")
    run_all(checkout, "20260103T000000Z")
    assert plain(checkout).startswith("Proved")


def test_a_runbook_changed_since_its_run_leaves_the_site_unproved(checkout: Checkout) -> None:
    checkout.own("runbooks")
    run_all(checkout)
    source = checkout.layout.notebook("r2")
    source.write_text(source.read_text(encoding="utf-8").replace("rb.finish()", "rb.finish() "), encoding="utf-8")
    assert plain(checkout).startswith("Not proved: 1 of 8 runbooks were changed since.")
