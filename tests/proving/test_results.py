"""What is kept of the proofs: the last try of each scenario, of whole runs and of shards."""

from __future__ import annotations

from pathlib import Path

from junitparser import JUnitXml

from deploybook.proving.results import Run, keep, read_results, read_runs, write_junit
from deploybook.proving.scenarios import Outcome


def run(at: str = "2026-01-02T03:04:05+00:00", commit: str = "abc") -> Run:
    return Run(at, commit, "this machine", 2, 1.0, 2)


def test_the_last_try_of_each_scenario_is_kept_beside_those_of_earlier_runs(tmp_path: Path) -> None:
    keep(tmp_path, "wires", run(), [Outcome("a", False, "why", 1.5, "here"), Outcome("b", True)])
    keep(tmp_path, "wires", run(commit="def"), [Outcome("a", True)])
    tried = read_results(tmp_path, "wires")
    assert {name: one.holds for name, one in tried.items()} == {"a": True, "b": True}
    assert tried["a"].commit == "def"
    assert tried["b"].commit == "abc"


def test_shards_lie_together_and_are_read_together(tmp_path: Path) -> None:
    keep(tmp_path, "pairs", run(), [Outcome("a", True)], "1-of-2")
    keep(tmp_path, "pairs", run(), [Outcome("b", False)], "2-of-2")
    keep(tmp_path, "wires", run(), [Outcome("c", True)])
    assert read_results(tmp_path, "pairs").keys() == {"a", "b"}
    assert len(read_runs(tmp_path, "pairs")) == 2


def test_where_nothing_was_tried_there_is_nothing(tmp_path: Path) -> None:
    assert read_results(tmp_path, "wires") == {}
    assert read_runs(tmp_path, "wires") == []


def test_junit_has_a_suite_for_each_kind_and_a_failure_for_what_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "prove.xml"
    outcomes = [Outcome("a & <b>", False, "an escape \x1b[1m and why"), Outcome("c", True, seconds=2.5)]
    write_junit(path, {"wires": outcomes, "pairs": [Outcome("d", True)]})
    suites = {suite.name: suite for suite in JUnitXml.fromfile(str(path))}
    assert suites.keys() == {"prove wires", "prove pairs"}
    cases = {case.name: case for case in suites["prove wires"]}
    assert cases["a & <b>"].result[0].message == "an escape �[1m and why"
    assert cases["c"].is_passed
    assert cases["c"].time == 2.5
