"""One command over many environments: which are meant, what is refused, and the table at the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.conftest import CONTRACT, ROOT
from tests.runbook.settings_checkout import checkout

from deploybook.cli import cli
from deploybook.commands.many import matching, names_many
from deploybook.errors import InvalidValue, UnknownParameter
from deploybook.layout import Layout

NAMES = ("eu-1", "eu-2", "production", "us")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    checkout(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    for name in NAMES:
        (tmp_path / "runbooks" / "parameters" / f"{name}.yaml").write_text(f"environment: {name}\n")
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("eu-*", ["eu-1", "eu-2"]),
        ("us,eu-*", ["us", "eu-1", "eu-2"]),
        ("eu-1, eu-?", ["eu-1", "eu-2"]),
        ("*", list(NAMES)),
    ],
)
def test_a_list_of_names_and_patterns_means_each_environment_once(root: Path, pattern: str, meant: list[str]) -> None:
    assert names_many(pattern)
    assert matching(Layout(root), CONTRACT, pattern) == meant


def test_one_name_is_no_list() -> None:
    assert not names_many("eu-1")


@pytest.mark.parametrize(
    ("pattern", "error"), [("asia-*", InvalidValue), ("eu-1,uk", UnknownParameter), (",", InvalidValue)]
)
def test_what_means_no_environment_is_refused(root: Path, pattern: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        matching(Layout(root), CONTRACT, pattern)


@pytest.mark.parametrize(
    "words", [("--mode", "apply"), ("--mode", "destroy"), ("--mode", "dry-run"), ("--mode", "verify", "--yes")]
)
def test_what_changes_something_is_for_one_environment_at_a_time(root: Path, words: tuple[str, ...]) -> None:
    refusal = CliRunner().invoke(cli, ["run", "--environment", "eu-*", *words]).exception
    assert isinstance(refusal, InvalidValue)
    assert str(refusal).startswith("--environment names several")


def test_each_environment_has_its_line_and_the_exit_code_is_the_highest(root: Path) -> None:
    result = CliRunner().invoke(cli, ["doctor", "--environment", "eu-*"])
    assert result.exit_code == 2, result.output
    table = result.output[result.output.index("Environment") :]
    for name in ("eu-1", "eu-2"):
        assert f"{name}" in table
        assert f"{name} has not been set up from this checkout" in " ".join(table.split())


def test_json_has_each_environments_own(root: Path) -> None:
    result = CliRunner().invoke(cli, ["run", "r2", "--mode", "verify", "--environment", "us,eu-1", "--json"])
    assert result.exit_code == 2, result.output
    answers = json.loads(result.stdout)
    assert list(answers) == ["us", "eu-1"]
    assert {answer["exit_code"] for answer in answers.values()} == {2}
