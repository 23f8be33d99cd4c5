"""``deploybook prove``: which scenarios the options choose, what is printed and kept, and the exit code."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.conftest import ROOT

from deploybook.cli import cli
from deploybook.errors import InvalidValue, MissingVariable
from deploybook.proving import kinds
from deploybook.proving.kinds import KINDS, Kind
from deploybook.proving.results import read_results
from deploybook.proving.scenarios import load_source

Prove = Callable[..., Result]


@pytest.fixture
def prove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prove:
    """The command in a checkout whose kind ``wires`` has the scenarios of ``tests/proving/small.py``."""
    (tmp_path / "tests" / "e2e").mkdir(parents=True)
    shutil.copytree(ROOT / "tests" / "proving", tmp_path / "tests" / "proving")
    (tmp_path / "runbooks").symlink_to(ROOT / "runbooks")
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(tmp_path))
    monkeypatch.setitem(kinds.KINDS, "wires", Kind("tests.proving.small:Small", "nothing"))
    return lambda *words: CliRunner().invoke(cli, ["prove", "wires", "--workers", "1", *words])


def test_what_does_not_hold_is_printed_kept_and_the_exit_code(prove: Prove, tmp_path: Path) -> None:
    result = prove("--only", "fails", "--only", "holds", "--junit", str(tmp_path / "prove.xml"))
    assert result.exit_code == 4, result.output
    assert "✗ fails: fails, and says so" in result.output
    assert "wires: 2 of 3 hold" in result.output
    tried = read_results(tmp_path, "wires")
    assert {name: one.holds for name, one in tried.items()} == {"holds": True, "fails": False, "holds too": True}
    assert 'failures="1"' in (tmp_path / "prove.xml").read_text()


def test_again_tries_those_that_did_not_hold_and_nothing_else(prove: Prove) -> None:
    prove("--only", "fails", "--only", "holds")
    assert prove("--again", "--list").output.split() == ["fails"]


def test_a_shard_is_a_part_of_what_is_chosen_and_has_a_file_of_its_own(prove: Prove, tmp_path: Path) -> None:
    assert prove("--only", "holds", "--shard", "2/2", "--list").output.strip() == "holds too"
    result = prove("--only", "holds", "--shard", "2/2")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "build" / "proofs" / "wires.2-of-2.json").is_file()


@pytest.mark.parametrize("part", ["0/3", "4/3", "1", "a/b"])
def test_a_part_that_cannot_be_is_refused(prove: Prove, part: str) -> None:
    refusal = prove("--shard", part).exception
    assert isinstance(refusal, InvalidValue)
    assert str(refusal) == f"--shard {part} is not a shard."


def test_a_name_that_no_scenario_has_is_refused_with_the_command_that_lists_them(prove: Prove) -> None:
    result = prove("--only", "nothing like it")
    assert isinstance(result.exception, InvalidValue)
    assert "--list" in result.exception.hint


def test_outside_a_checkout_one_sentence_says_so(prove: Prove, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "tests")
    result = prove()
    assert isinstance(result.exception, InvalidValue)
    assert str(result.exception).startswith("This is not a checkout of deploybook itself")


def test_a_scheduler_that_does_not_answer_is_named(prove: Prove) -> None:
    result = CliRunner().invoke(cli, ["prove", "wires", "--on", "nowhere"])
    assert isinstance(result.exception, (InvalidValue, MissingVariable))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_scenarios_with_names_of_their_own_grouped_by_bench(kind: str) -> None:
    scenarios = load_source(KINDS[kind].source).scenarios()
    names = [scenario.name for scenario in scenarios]
    assert names
    assert len(set(names)) == len(names)
    benches = [scenario.bench for scenario in scenarios]
    changes = sum(one != other for one, other in itertools.pairwise(benches))
    assert changes == len(set(benches)) - 1
