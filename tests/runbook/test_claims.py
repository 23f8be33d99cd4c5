"""A runbook that has lost a check does not pass: its section's claim would go unproved. A failure says what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.conftest import ROOT

from deploybook.clouds.connections import Connections
from deploybook.contract.model import load_contract
from deploybook.errors import VerificationFailed
from deploybook.runbook import Runbook
from deploybook.runbook.in_process import run_cells
from deploybook.runbook.modes import Mode

SLUG = "webhook_secret"


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout whose vault holds a secret as it should be."""
    (tmp_path / "runbooks").symlink_to(ROOT / "runbooks")
    state = tmp_path / ".deploybook"
    state.mkdir(mode=0o700)
    (state / "production.env").write_text(f"INTERNAL_WEBHOOK_SECRET='{'ab' * 32}'\n")
    (state / "production.env").chmod(0o600)
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(tmp_path))


def without_check(directory: Path, claim: str) -> Path:
    """The section's runbook without the line that tests one claim."""
    notebook = json.loads((ROOT / "runbooks" / f"{SLUG}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = [line for line in cell["source"] if f'"{claim}"' not in line]
    path = directory / f"{SLUG}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


@pytest.mark.usefixtures("secret")
def test_a_whole_runbook_verifies() -> None:
    run_cells(ROOT / "runbooks" / f"{SLUG}.ipynb", {"mode": "verify", "environment": "production"})


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("mode", ["verify", "plan", "apply", "destroy"])
def test_a_runbook_without_its_check_fails_and_names_the_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("DEPLOYBOOK_CONFIRM", "production")
    claim = "it is 32 bytes in hex, without white space"
    with pytest.raises(VerificationFailed, match=f"does not test what its section claims: {claim}"):
        run_cells(without_check(tmp_path, claim), {"mode": mode, "environment": "production"})


def failing(claim: str) -> None:
    raise VerificationFailed(f"{claim} does not hold.", f"Run the command for {claim}.")


def hint_after(directory: Path, *claims: str) -> str:
    """What a verify tells the operator to do when these claims do not hold."""
    contract = load_contract(ROOT / "runbooks" / "contract.toml")
    runbook = Runbook(SLUG, Mode.VERIFY, contract, directory, "production", Connections({}))
    for claim in (*runbook.section.claims, *claims):
        runbook.check(claim, failing if claim in claims else lambda _: None, claim)
    with pytest.raises(VerificationFailed) as caught:
        runbook.finish()
    return caught.value.hint


def test_one_claim_that_does_not_hold_ends_the_run_with_its_own_hint(tmp_path: Path) -> None:
    assert hint_after(tmp_path, "one") == "Run the command for one."


def test_several_have_a_link_each(tmp_path: Path) -> None:
    assert "link beside each ✗" in hint_after(tmp_path, "one", "another")
