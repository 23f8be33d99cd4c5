"""Scenarios in processes of this machine: whatever one of them does, the others are proved."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest
from tests.conftest import ROOT
from tests.proving.small import Many, Small
from tests.waiting import until

from deploybook.proving.places import ThisMachine
from deploybook.proving.scenarios import Outcome, Scenario, chunks
from deploybook.proving.worker_process import WorkerProcess


@pytest.fixture(scope="module")
def small() -> dict[str, Outcome]:
    outcomes: list[Outcome] = []
    pieces = chunks(Small().scenarios(), 1)
    ThisMachine(ROOT, 1, 60.0).run("tests.proving.small:Small", pieces, outcomes.append)
    assert len(outcomes) == len(Small().scenarios()), "each is told once"
    return {outcome.name: outcome for outcome in outcomes}


def test_what_holds_and_what_does_not_are_told_with_their_details(small: dict[str, Outcome]) -> None:
    assert small["holds"].holds
    assert not small["fails"].holds
    assert small["fails"].detail == "fails, and says so"


def test_an_exception_is_a_proof_that_does_not_hold(small: dict[str, Outcome]) -> None:
    assert not small["raises"].holds
    assert small["raises"].detail == "ValueError: as it should"
    assert "raise ValueError" in small["raises"].data["traceback"]


def test_what_a_scenario_prints_is_no_outcome(small: dict[str, Outcome]) -> None:
    assert small["prints"].holds


def test_a_scenario_that_kills_its_process_does_not_hold_and_another_process_goes_on(small: dict[str, Outcome]) -> None:
    assert not small["dies"].holds
    assert small["dies"].detail.startswith("its process was ended by SIGKILL")
    assert small["holds too"].holds
    assert small["holds too"].data["process"] != small["holds"].data["process"]


def test_two_processes_prove_each_scenario_once_on_its_own_bench() -> None:
    outcomes: list[Outcome] = []
    every = Many().scenarios()
    ThisMachine(ROOT, 2, 60.0).run("tests.proving.small:Many", chunks(every, 2), outcomes.append)
    assert sorted(outcome.name for outcome in outcomes) == sorted(scenario.name for scenario in every)
    assert {outcome.name for outcome in outcomes if not outcome.holds} == {"broken 0"}
    assert len({outcome.data["process"] for outcome in outcomes if outcome.holds}) == 2


def test_a_bench_that_cannot_be_set_up_is_why_its_scenarios_do_not_hold() -> None:
    outcomes: list[Outcome] = []
    pieces = [piece for piece in chunks(Many().scenarios(), 1) if piece.bench == "broken"]
    ThisMachine(ROOT, 1, 60.0).run("tests.proving.small:Many", pieces, outcomes.append)
    assert outcomes[0].detail == "AssertionError: no such bench"


def test_a_scenario_that_never_ends_is_killed() -> None:
    outcomes: list[Outcome] = []
    pieces = chunks(Many().scenarios()[:1], 1)
    ThisMachine(ROOT, 1, 0.5).run("tests.proving.small:Endless", pieces, outcomes.append)
    assert [outcome.holds for outcome in outcomes] == [False]
    assert "SIGKILL" in outcomes[0].detail


def test_what_is_interrupted_is_not_told_and_nothing_is_begun_after_it(tmp_path: Path) -> None:
    process = WorkerProcess("tests.proving.small:Waiting", ROOT, 60.0)
    names = [str(tmp_path / f"{number}.scenario") for number in range(2)]
    outcomes: list[Outcome] = []
    proving = Thread(target=lambda: outcomes.extend(process.prove_all(map(Scenario, names))))
    proving.start()
    until(lambda: list(tmp_path.iterdir()), "the first scenario")
    process.interrupt()
    proving.join()
    process.close()
    assert outcomes == []
    assert [path.name.partition(".")[0] for path in tmp_path.iterdir()] == ["0"]
