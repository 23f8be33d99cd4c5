"""The examination, on small runbooks that ask nobody: what is left out, what is observed, and that no secret is in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.diagnosis.small_runbooks import CANARY, CONTRACT, Checkout
from tests.state.made import made

from deploybook.diagnosis.observations import Diagnosis, DiagnosisTarget, Observation, examine
from deploybook.layout import Layout
from deploybook.state.ledger import Ledger


@pytest.fixture
def ward(tmp_path: Path) -> DiagnosisTarget:
    return DiagnosisTarget(Layout(tmp_path), CONTRACT, "production", {"r2": {"bucket_name": "given"}})


@pytest.fixture
def begin(ward: DiagnosisTarget, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return Checkout(ward.layout, monkeypatch).begin


def seen(examination: Diagnosis) -> list[tuple[str, str, str, str]]:
    return [
        (observation.section, observation.step, observation.outcome, str(observation))
        for observation in examination.observations
    ]


def test_nothing_was_begun_in_a_new_checkout(ward: DiagnosisTarget) -> None:
    assert set(ward.left_out().values()) == {"not begun"}
    assert list(ward.left_out()) == CONTRACT.order()


def test_a_section_is_begun_by_what_it_made_or_by_its_variable_in_the_vault(ward: DiagnosisTarget) -> None:
    Ledger(ward.layout.state, "production").put(made("webhook_secret"))
    ward.vault.put({"R2_BUCKET_NAME": SecretStr("studio")})
    reasons = ward.left_out()
    assert "webhook_secret" not in reasons
    assert reasons["r2"] == "CLOUDFLARE_API_TOKEN is not set"
    assert reasons["turso"] == "not begun"


def test_another_environments_sections_do_not_count(ward: DiagnosisTarget) -> None:
    Ledger(ward.layout.state, "staging").put(made("webhook_secret", "staging"))
    assert ward.left_out()["webhook_secret"] == "not begun"


def test_the_journey_is_begun_when_the_vault_has_all_that_it_needs(ward: DiagnosisTarget) -> None:
    needed = [variable for variable in CONTRACT.needed_by("end_to_end") if not variable.optional]
    ward.vault.put({each.name: SecretStr(each.example) for each in needed[1:]})
    assert ward.left_out()["end_to_end"] == "not begun"
    ward.vault.put({needed[0].name: SecretStr(needed[0].example)})
    assert "end_to_end" not in ward.left_out()


def test_every_line_of_a_runbook_is_observed_with_its_section_and_parameters(
    ward: DiagnosisTarget, begin: Callable[..., None]
) -> None:
    begin("r2", "show('check', 'passed', f'{mode} {environment} {bucket_name}')", "show('check', 'failed', 'x', 'y')")
    examination = examine(ward)
    assert seen(examination) == [
        ("r2", "check", "passed", "verify production given"),
        ("r2", "check", "failed", "x — y"),
    ]
    assert examination.held == 1
    assert set(examination.left_out) == set(CONTRACT.order()) - {"r2"}


def test_what_stops_a_section_is_observed_and_stops_no_other(ward: DiagnosisTarget, begin: Callable[..., None]) -> None:
    begin("r2", "from deploybook.errors import NotFound\nraise NotFound('R2', 'read', 'gone', 'look', 'there')")
    begin("turso", "show('check', 'passed', 'holds')")
    slugs: list[str] = []
    examination = examine(ward, slugs.append)
    assert seen(examination) == [("r2", "error", "failed", "gone"), ("turso", "check", "passed", "holds")]
    [failed] = [observation for observation in examination.observations if observation.failed]
    assert failed.entry == "there"
    assert failed.hint == "look"
    assert sorted(slugs) == ["r2", "turso"]


def test_a_preflight_that_showed_its_error_is_observed_once(ward: DiagnosisTarget, begin: Callable[..., None]) -> None:
    raised = "from deploybook.errors import NotFound\nshow('preflight', 'failed', 'seen', 'gone', 'there')\n"
    begin("r2", raised + "raise NotFound('R2', 'read', 'gone')", "show('check', 'passed', 'never reached')")
    assert seen(examine(ward)) == [("r2", "preflight", "failed", "seen — gone")]


def test_the_summary_of_claims_that_do_not_hold_is_no_claim_of_its_own(
    ward: DiagnosisTarget, begin: Callable[..., None]
) -> None:
    summary = "from deploybook.errors import VerificationFailed\nraise VerificationFailed('1 claim did not hold')"
    begin("r2", "show('check', 'failed', 'x', 'y', 'z')", summary)
    begin("turso", summary)
    assert [variable[:3] for variable in seen(examine(ward))] == [
        ("r2", "check", "failed"),
        ("turso", "error", "failed"),
    ]


def test_a_bug_in_a_runbook_is_reported_by_section_and_cell(ward: DiagnosisTarget, begin: Callable[..., None]) -> None:
    begin("r2", "1 / 0")
    [observed] = examine(ward).observations
    assert observed.claim == "The r2 runbook stopped in cell cell-2."
    assert observed.entry == "runbook-failed"


def test_no_secret_of_shell_or_vault_is_observed(ward: DiagnosisTarget, begin: Callable[..., None]) -> None:
    ward.vault.put({"R2_SECRET_ACCESS_KEY": SecretStr("c4" * 32)})
    cell = "import os\nshow('check', 'failed', os.environ['CLOUDFLARE_API_TOKEN'], 'c4' * 32)"
    begin("r2", cell)
    [observed] = examine(ward).observations
    assert not re.search(f"{CANARY}|{'c4' * 32}", f"{observed!r}")


def test_observations_are_in_the_contracts_order_each_variable_with_its_section(
    ward: DiagnosisTarget, begin: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = [Observation("turso", "variable", "failed", "X at turso", variable="X", consumer="turso")]
    monkeypatch.setattr("deploybook.diagnosis.observations._compare", lambda *_: compared)
    for slug in ("webhook_secret", "turso", "r2"):
        begin(slug, f"show('check', 'passed', '{slug}')")
    order = [(observation.section, observation.step) for observation in examine(ward).observations]
    assert [section for section, _ in order] == ["r2", "turso", "turso", "webhook_secret"]
    assert order[1] == ("turso", "variable")
