from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from deploybook.proving.results import Run, keep
from deploybook.proving.scenarios import Outcome
from deploybook.runbook.events import Event
from deploybook.site.proofs_summary import proofs_of_every_kind, proofs_summary
from deploybook.site.status_page import LISTED, PLOTTED, latest, sections_history, whole_runs

if TYPE_CHECKING:
    from tests.site.conftest import Checkout

SHOWN = {"verify": [Event("check", "passed", "it holds"), Event("check", "later", "it holds")]}


def run_all(checkout: Checkout, started: str, *, failed: str = "") -> None:
    """A dry run of all sections, without the executed copies."""
    results = []
    for slug in checkout.guide().contract.order():
        directory = checkout.ran(slug, SHOWN, started=started, status="failed" if slug == failed else "passed")
        results.append(checkout.results.pop())
    checkout.report(directory, results, started)


def remembered(checkout: Checkout, number: int) -> None:
    """So many runs of all sections that this machine did not make."""
    sections = [
        {"slug": slug, "status": "passed", "seconds": 2.0, "tested": 1, "passed": 1}
        for slug in checkout.guide().contract.order()
    ]
    runs = [
        {
            "name": f"run-{each}",
            "started": f"2026-03-01T{each // 60:02}:{each % 60:02}:00Z",
            "seconds": 30 + each % 7,
            "commit": f"{each:07x}",
            "sections": sections,
        }
        for each in range(number)
    ]
    (checkout.root / "build").mkdir()
    (checkout.root / "build" / "history.json").write_text(json.dumps(runs), encoding="utf-8")


def test_without_a_run_each_part_says_so(checkout: Checkout) -> None:
    guide = checkout.guide()
    assert latest(guide).count("– not yet run") == len(guide.contract.order())
    assert "No dry run of all sections yet" in whole_runs(guide)
    assert "No dry run yet" in sections_history(guide)
    assert "None was tried here yet" in proofs_summary(guide)


def test_a_section_tells_outcome_checks_seconds_time_and_commit(checkout: Checkout) -> None:
    checkout.ran("r2", SHOWN)
    assert "| ✓&nbsp;passed | 1 of 1 | 3.1 s | <time" in latest(checkout.guide())
    assert "2 January 2026, 03:04 UTC</time> | `0123456+` |" in latest(checkout.guide())


def test_a_run_of_some_sections_is_no_bar_and_yet_in_their_history(checkout: Checkout) -> None:
    checkout.ran("r2", SHOWN)
    guide = checkout.guide()
    assert "<svg" not in whole_runs(guide)
    assert "1 of 1 dry run passed, median 3.1 s. Newest first: ✓\n" in sections_history(guide)
    assert sections_history(guide).count("– not yet run") == len(guide.contract.order()) - 1


def test_one_whole_run_is_one_bar(checkout: Checkout) -> None:
    run_all(checkout, "20260102T030405Z")
    text = whole_runs(checkout.guide())
    assert "1 dry run of all sections, 5.0 s; none failed." in text
    assert text.count('class="db-bar') == 1


def test_a_failed_run_is_shown_in_the_plot_in_words_and_in_the_history(checkout: Checkout) -> None:
    run_all(checkout, "20260102T030405Z")
    run_all(checkout, "20260103T030405Z", failed="turso")
    text = whole_runs(checkout.guide())
    assert "2 dry runs of all sections, 5.0 to 5.0 s, median 5.0 s; 1 failed." in text
    assert text.count('class="db-bar-failed"') == 1
    assert "| ✗ turso failed | 5.0 s |" in text
    history = sections_history(checkout.guide())
    assert "1 of 2 dry runs passed, median 3.1 s. Newest first: ✗ ✓" in history


def test_many_runs_are_bounded_and_the_newest_are_shown_first(checkout: Checkout) -> None:
    remembered(checkout, 200)
    text, history = whole_runs(checkout.guide()), sections_history(checkout.guide())
    assert text.count('class="db-bar') == PLOTTED
    commits = re.findall(r"\| `([0-9a-f]{7})` \|", text)
    assert commits == [f"{each:07x}" for each in range(199, 199 - PLOTTED, -1)]
    turso = history[history.index("### Turso") : history.index("### Modal")]
    assert "200 of 200 dry runs passed" in turso
    assert turso.count("<time") == LISTED


def test_the_proofs_are_counted_and_what_does_not_hold_is_named(checkout: Checkout) -> None:
    checkout.ran("r2", SHOWN)
    run = Run("2026-01-02T03:04:05+00:00", "0123456789abcdef", "this machine", 2, 3.0, 3)
    keep(checkout.root, "entries", run, [Outcome("cors", True), Outcome("playback", False), Outcome("gone", True)])
    text = proofs_summary(checkout.guide())
    assert re.match(r"\*\*1 of \d+\*\* entries held", text)
    assert "Not proved at the last try: [playback](troubleshooting.md#playback)." in text
    assert "](troubleshooting.md#cors) | ✓&nbsp;held | <time" in text
    assert "](troubleshooting.md#playback) | ✗ did not hold |" in text
    assert "gone" not in text
    assert "[drift](troubleshooting.md#drift)" in text.partition("Never tried here: ")[2].partition(".\n")[0]


def test_of_each_kind_of_proofs_it_says_how_many_hold_which_do_not_when_and_where(checkout: Checkout) -> None:
    checkout.ran("r2", SHOWN)
    run = Run("2026-01-02T03:04:05+00:00", "0123456789abcdef", "Dask at tcp://s:8786", 4, 90.4, 2)
    keep(checkout.root, "wires", run, [Outcome("a × b × missing", True), Outcome("a × b × wrong", False)], "1-of-2")
    keep(checkout.root, "wires", run, [Outcome("c × d × missing", True)], "2-of-2")
    rows = proofs_of_every_kind(checkout.guide()).splitlines()
    row = next(line for line in rows if "`wires`" in line)
    assert "| 2 of 3 | a × b × wrong | <time" in row
    assert "Dask at tcp://s:8786, 4 at once, 90 s for 2 | `0123456` |" in row
    assert "| `crashes` | – never tried here |" in "\n".join(rows)
