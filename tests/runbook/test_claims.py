"""A runbook that has lost a check does not pass: what its section claims would not be proved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.conftest import ROOT

from deploybook.errors import VerificationFailed
from deploybook.runbook.in_process import run_cells

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
@pytest.mark.parametrize("mode", ["verify", "plan"])
def test_a_runbook_without_its_check_fails_and_names_the_claim(tmp_path: Path, mode: str) -> None:
    claim = "it is 32 bytes in hex, without white space"
    with pytest.raises(VerificationFailed, match=f"does not test what its section claims: {claim}"):
        run_cells(without_check(tmp_path, claim), {"mode": mode, "environment": "production"})
