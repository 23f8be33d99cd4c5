"""``deploybook doctor`` on small runbooks: what it prints, and its exit codes. On a whole stack: ``tests/e2e/test_doctor.py``."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from tests.conftest import ROOT
from tests.diagnosis.small_runbooks import CANARY, Checkout
from tests.runbooks import in_process
from tests.runbooks.conftest import Guide

from deploybook.layout import Layout
from deploybook.state.vault import Vault

HOLDS = "show('check', 'passed', 'it holds')"
FAILS = "show('check', 'failed', 'the bucket is there', 'it is not', 'not-found')"
CANARIES = "import os\nshow('check', 'failed', os.environ['CLOUDFLARE_API_TOKEN'], os.environ['CLOUDFLARE_API_TOKEN'], 'drift')"


@pytest.fixture
def checkout(guide: Guide, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    (guide.root / "runbooks").unlink()
    (guide.root / "runbooks").mkdir()
    (guide.root / "runbooks" / "contract.toml").symlink_to(ROOT / "runbooks" / "contract.toml")
    (guide.root / "docs").symlink_to(ROOT / "docs")
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(guide.root))
    return Checkout(Layout(guide.root), monkeypatch)


def doctor(*arguments: str) -> tuple[int, list[str]]:
    """The exit code, and the lines that it printed besides how far it is."""
    code, output = in_process.call(("doctor", *arguments), dict(os.environ))
    return code, [line for line in output.splitlines() if not line.startswith("examined ")]


def run_doctor(*arguments: str) -> tuple[int, dict[str, Any]]:
    code, lines = doctor("--json", *arguments)
    data: dict[str, Any] = json.loads("\n".join(lines))
    return code, data


def test_a_healthy_environment_is_one_line(checkout: Checkout) -> None:
    checkout.begin("r2", HOLDS)
    code, lines = doctor()
    assert len(lines) == 1, lines
    [line] = lines
    assert code == 0
    assert line.startswith("Nothing is wrong: 1 check passes (production, ")
    assert "turso (not begun)" in line


def test_a_cause_is_reported_with_service_evidence_fix_and_link(checkout: Checkout) -> None:
    checkout.begin("r2", FAILS)
    checkout.begin("turso", HOLDS)
    code, lines = doctor()
    assert code == 4
    assert lines[:2] == ["✗ A resource is not found — r2", "    the bucket is there — it is not"]
    assert lines[2] == "  fix:"
    assert lines[3].startswith("    deploybook run ")
    assert "  see docs/troubleshooting.md#not-found" in lines
    assert lines[-1].startswith("1 check passes (")
    assert lines[-1].endswith("After the fix, run doctor again.")


def test_a_consequence_is_counted_and_not_reported_as_a_cause(checkout: Checkout) -> None:
    checkout.begin("r2", FAILS)
    checkout.begin("modal", "show('check', 'failed', 'a', 'b', 'modal-secrets')")
    code, lines = doctor()
    assert code == 4
    assert [line for line in lines if line.startswith("✗")] == ["✗ A resource is not found — r2"]
    assert "Probably consequences of it: 1 claim in modal." in lines


def test_two_causes_are_both_reported(checkout: Checkout) -> None:
    checkout.begin("r2", FAILS)
    checkout.begin("turso", "show('check', 'failed', 'a', 'b', 'turso-token')")
    code, data = run_doctor()
    assert code == 4
    assert [cause["entry"] for cause in data["causes"]] == ["not-found", "turso-token"]


def test_json_has_all_that_the_text_says(checkout: Checkout) -> None:
    checkout.begin("r2", HOLDS, FAILS)
    code, data = run_doctor()
    [cause] = data["causes"]
    assert code == 4
    assert data["environment"] == "production"
    assert data["held"] == 1
    assert data["consequences"] == []
    assert cause["entry"] == "not-found"
    assert cause["sections"] == ["r2"]
    assert cause["link"] == "docs/troubleshooting.md#not-found"
    assert cause["evidence"] == ["the bucket is there — it is not"]
    assert cause["fix"]
    assert data["left_out"]["turso"] == "not begun"


def test_json_of_a_healthy_environment_has_no_cause(checkout: Checkout) -> None:
    checkout.begin("r2", HOLDS)
    code, data = run_doctor()
    assert code == 0
    assert data["causes"] == []
    assert data["held"] == 1


def test_parameters_reach_the_runbooks_as_they_do_in_run(checkout: Checkout) -> None:
    checkout.begin("r2", "show('check', 'failed', bucket_name, '', 'drift')")
    code, data = run_doctor("-p", "bucket_name", "another")
    assert code == 4
    assert data["causes"][0]["evidence"] == ["another"]


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_no_secret_is_printed(checkout: Checkout, arguments: tuple[str, ...]) -> None:
    checkout.begin("r2", CANARIES)
    code, lines = doctor(*arguments)
    assert code == 4
    assert CANARY not in "\n".join(lines)


def test_nothing_begun_is_refused_with_what_to_do(checkout: Checkout) -> None:
    del checkout
    code, lines = doctor()
    assert code == 2
    assert lines[0].startswith("error: production has not been set up from this checkout")
    assert lines[1] == "hint: Run deploybook run --mode plan, or pass the right --environment."
    assert "docs/troubleshooting.md#variable-missing" in "\n".join(lines)


def test_without_any_credential_nothing_can_be_examined(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.begin("r2", FAILS)
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN")
    code, lines = doctor()
    assert code == 2
    assert "r2 (CLOUDFLARE_API_TOKEN is not set)" in lines[0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--environment", "No Such"), "environment"),
        (("-p", "no_such", "value"), "no_such"),
        (("-p", "bucket_name", "NOT ALLOWED"), "bucket_name"),
    ],
)
def test_bad_input_is_refused_before_anything_is_examined(
    checkout: Checkout, arguments: tuple[str, ...], sentence: str
) -> None:
    checkout.begin("r2", "raise SystemExit('examined')")
    code, lines = doctor(*arguments)
    assert code == 2, lines
    assert sentence in lines[0], lines


def test_a_vault_that_others_can_read_is_not_read(checkout: Checkout) -> None:
    checkout.begin("r2", HOLDS)
    vault = Vault(checkout.layout.state, "production")
    vault.put({})
    path = checkout.layout.state / "production.env"
    path.touch()
    path.chmod(0o644)
    code, lines = doctor()
    assert code == 2, lines
    assert "can be read by other users" in "\n".join(lines), lines


LACKS = """
from deploybook.errors import MissingVariable
raise MissingVariable('The parameter {0} is empty.', 'Set it with -p {0} VALUE.')
"""
REFUSED = """
from deploybook.errors import Unauthorized
raise Unauthorized('Turso', 'x', 'no such token (401).', 'Export it as TURSO_API_TOKEN.')
"""
LOST = """
from deploybook.errors import MissingVariable
raise MissingVariable('TURSO_AUTH_TOKEN is not in the vault of production.', entry='not-in-the-vault')
"""


def fix(lines: list[str]) -> list[str]:
    return [
        line.strip() for line in lines[lines.index("  fix:") + 1 :] if line.startswith("    ") and " with <" not in line
    ]


def test_a_section_that_lacks_an_input_is_left_out_and_hides_no_cause(checkout: Checkout) -> None:
    checkout.begin("r2", LACKS.format("git_repository"))
    checkout.begin("modal", "show('check', 'failed', 'a', 'b', 'modal-secrets')")
    code, lines = doctor()
    assert code == 4
    assert [line for line in lines if line.startswith("✗")] == [
        "✗ Modal: a secret is missing or has other values — modal"
    ]
    assert "To examine r2 too: Set it with -p git_repository VALUE." in lines
    assert "r2 (The parameter git_repository is empty)" in lines[-1]


def test_a_missing_input_alone_is_no_cause(checkout: Checkout) -> None:
    checkout.begin("r2", HOLDS, LACKS.format("git_repository"))
    code, data = run_doctor()
    assert code == 0
    assert data["causes"] == []
    assert data["held"] == 1
    assert data["remedies"] == {"r2": "Set it with -p git_repository VALUE."}


def test_a_fix_is_the_failing_sections_not_the_samples(checkout: Checkout) -> None:
    checkout.begin("modal", "show('check', 'failed', 'the app is there', 'it is not', 'not-found')")
    _, lines = doctor()
    assert fix(lines) == ["deploybook run modal --mode apply"]


def test_a_credential_that_is_refused_is_asked_for_by_its_own_name(checkout: Checkout) -> None:
    checkout.begin("turso", REFUSED)
    _, lines = doctor()
    assert "  what to do: Export it as TURSO_API_TOKEN." in lines
    assert fix(lines) == ["read -rs TURSO_API_TOKEN && export TURSO_API_TOKEN", "deploybook run turso --mode verify"]


def test_a_lost_variable_leads_to_its_producer_and_the_section_that_lacks_it(checkout: Checkout) -> None:
    checkout.begin("turso", HOLDS)
    checkout.begin("end_to_end", LOST)
    _, lines = doctor()
    assert fix(lines) == ["deploybook run turso end_to_end --mode apply"]


def test_no_placeholder_is_printed_for_what_was_typed(checkout: Checkout) -> None:
    checkout.begin("ci_cd", "show('check', 'failed', 'a', 'b', 'ci-secrets')")
    _, lines = doctor()
    assert fix(lines) == ["deploybook run ci_cd --mode apply -p git_repository <GIT_REPOSITORY>"]
    assert "    with <GIT_REPOSITORY>: The application's GitHub repository as OWNER/NAME." in lines
    notebook = checkout.layout.notebook("ci_cd")
    notebook.write_text(notebook.read_text().replace("bucket_name: str", "git_repository: str"))
    _, lines = doctor("-p", "git_repository", "owner/app")
    assert fix(lines) == ["deploybook run ci_cd --mode apply -p git_repository owner/app"]


def test_a_parameter_that_was_typed_is_added_to_the_fix_of_a_section_that_has_it(checkout: Checkout) -> None:
    checkout.begin("r2", "show('check', 'failed', 'a', 'b', 'cors')")
    _, lines = doctor("-p", "bucket_name", "another")
    assert fix(lines) == ["deploybook run r2 --mode apply -p bucket_name another"]
