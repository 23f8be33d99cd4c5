"""Properties that a shell shows, and that a warning comes from what the contract says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.conftest import ROOT

from deploybook.contract.model import parse_contract
from deploybook.errors import InvalidValue

CI_CD = (ROOT / "docs/sections/ci_cd.md").read_text(encoding="utf-8")


def test_the_copy_replaces_the_workflow_that_is_there(tmp_path: Path) -> None:
    workflow = tmp_path / ".github/workflows/deploy.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("name: another\n", encoding="utf-8")
    commands = re.findall(r"^ *((?:mkdir|cp) .*)$", CI_CD, re.MULTILINE)
    script = "\n".join(commands).replace("<GUIDE_PATH>", str(ROOT))
    subprocess.run(["bash", "-euc", script], cwd=tmp_path, check=True)
    assert workflow.read_bytes() == (ROOT / "runbooks/workflows/deploy.yml").read_bytes()


def test_a_typed_secret_stays_in_the_shells_history(tmp_path: Path) -> None:
    typed = "set -o history\nexport CLOUDFLARE_API_TOKEN=typed\nread -rs OTHER && export OTHER\npasted\nhistory\n"
    completed = subprocess.run(
        ["bash", "--norc"], input=typed, cwd=tmp_path, env={"HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert "typed" in completed.stdout
    assert "pasted" not in completed.stdout


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("can never be changed", "should not be changed", "does not say that it is immutable"),
        ('tests = ["tests/sandbox/r2/test_keys.py::test_deleting_a_token_ends_its_key"]\n', "", "no test tries"),
    ],
)
def test_a_property_without_its_words_or_without_a_test_is_refused(before: str, after: str, named: str) -> None:
    with pytest.raises(InvalidValue, match=named):
        parse_contract((ROOT / "runbooks/contract.toml").read_text(encoding="utf-8").replace(before, after))
