"""The end of a runbook: what was made, where it is, what is next."""

from __future__ import annotations

import json

import pytest
from tests.conftest import CONTRACT

from deploybook.runbook.events import SUMMARY_MIME, Event, Table
from deploybook.runbook.modes import Mode
from deploybook.runbook.summary import Summary, next_step

EVENTS = [
    Event("resource", "create", "Vercel project studio", page="https://vercel.com/team/studio"),
    Event("resource", "unchanged", "Vercel variables studio"),
    Event("check", "passed", "the domain answers"),
    Event("check", "failed", "it <serves>", "404"),
    Event("note", "note", "a note is counted nowhere"),
]
ROWS = Table(
    ("variable", "value"), (("NEXT_PUBLIC_APP_URL", "https://studio.example.com"), ("VERCEL_TOKEN", "fingerprint 1"))
)


def summary(*events: Event, variables: Table | None = ROWS) -> Summary:
    return Summary.of("Vercel, apply, production", events, variables, "deploybook run render --mode apply")


def test_it_says_what_was_made_where_it_is_and_what_is_next() -> None:
    html = summary(*EVENTS).html()
    assert "1 created, 1 passed, 1 failed" in html
    assert "+ created Vercel project studio (<a class='db-page' href='https://vercel.com/team/studio'" in html
    assert "NEXT_PUBLIC_APP_URL: <a class='db-page' href='https://studio.example.com'" in html
    assert "What is next:</b> <code>deploybook run render --mode apply</code>" in html
    assert "<li>it &lt;serves&gt;</li>" in html


def test_nothing_links_into_a_sandbox_that_is_gone() -> None:
    html = Summary.of("Vercel, dry-run, production", [], ROWS, "", live=False).html()
    assert "<a" not in html
    assert "<td>https://studio.example.com</td>" in html


@pytest.mark.parametrize(
    ("events", "state"),
    [(EVENTS, "failed"), (EVENTS[:3], "passed"), ([Event("check", "not tested", "x")], "incomplete")],
)
def test_its_frame_has_the_runs_state(events: list[Event], state: str) -> None:
    assert f"db-summary db-{state}'" in summary(*events).html()


def test_a_terminal_has_the_variables_alone_as_before() -> None:
    assert summary(*EVENTS).bundle()["text/plain"] == ROWS.plain()
    assert "text/plain" not in summary(*EVENTS, variables=None).bundle()


def test_the_site_makes_the_same_of_its_data() -> None:
    made = summary(*EVENTS)
    data = json.loads(json.dumps(made.bundle()[SUMMARY_MIME]))
    assert Summary.from_data(data) == made
    assert Summary.from_data(data).html() == made.html()


@pytest.mark.parametrize(
    ("slug", "mode", "failed", "step"),
    [
        ("r2", Mode.DRY_RUN, False, "deploybook run r2 --mode plan"),
        ("r2", Mode.PLAN, False, "deploybook run r2 --mode apply"),
        ("r2", Mode.APPLY, False, "deploybook run turso --mode apply"),
        ("ci_cd", Mode.APPLY, False, "deploybook run --mode verify"),
        ("r2", Mode.VERIFY, False, ""),
        ("r2", Mode.DESTROY, False, ""),
        ("r2", Mode.DRY_RUN, True, "deploybook run r2"),
        ("r2", Mode.VERIFY, True, "deploybook doctor"),
    ],
)
def test_the_next_step_follows_from_the_mode(slug: str, mode: Mode, failed: bool, step: str) -> None:
    assert next_step(CONTRACT, CONTRACT.section(slug), mode, "production", failed=failed) == step


def test_the_next_step_repeats_another_environment() -> None:
    step = next_step(CONTRACT, CONTRACT.section("r2"), Mode.PLAN, "staging", failed=False)
    assert step == "deploybook run r2 --mode apply --environment staging"
