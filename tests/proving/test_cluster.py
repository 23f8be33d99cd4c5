"""Scenarios on a Dask cluster of processes on this machine: a scheduler and two workers, one of which is killed in the middle."""

from __future__ import annotations

import importlib.util
import io
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from tests.conftest import ROOT
from tests.waiting import until

from deploybook.errors import InvalidValue
from deploybook.proving.cluster import Cluster, packed, unpack
from deploybook.proving.scenarios import Chunk, Outcome, Scenario

pytestmark = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="distributed is not installed")

NUMBER = 4


def dask(folder: Path, program: str, *arguments: str) -> subprocess.Popen[bytes]:
    """One process of the cluster."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{program}", "--no-dashboard", *arguments]
    with (folder / "dask.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The scheduler's address, and two workers of one thread each; they work in a folder that has nothing of the checkout."""
    log = tmp_path / "dask.log"
    scheduler = dask(tmp_path, "scheduler", "--host", "127.0.0.1", "--port", "0")
    address = until(
        lambda: next((line.split()[-1] for line in _lines(log) if "Scheduler at:" in line), ""), "the scheduler"
    )
    workers = [dask(tmp_path, "worker", address, "--nthreads", "1", "--no-nanny") for _ in range(2)]
    yield address, workers
    # Dask's processes wait for each other when all are asked to end at once.
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_a_worker_that_is_killed_is_replaced_and_each_scenario_is_told_once(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, workers = cluster
    place = Cluster(address, ROOT, 60.0)
    until(lambda: place.workers == 2, "both workers")
    pieces = [Chunk((Scenario(str(tmp_path / f"{number}.scenario")),)) for number in range(NUMBER)]
    outcomes: list[Outcome] = []
    run = Thread(target=place.run, args=("tests.proving.small:Waiting", pieces, outcomes.append))
    run.start()
    victim = workers[0]
    until(lambda: list(tmp_path.glob(f"*.{victim.pid}")), "a scenario on the worker that is to be killed")
    victim.send_signal(signal.SIGKILL)
    (tmp_path / "go").touch()
    run.join()
    assert sorted(outcome.name for outcome in outcomes) == [
        scenario.name for piece in pieces for scenario in piece.scenarios
    ]
    assert all(outcome.holds for outcome in outcomes), outcomes
    assert {outcome.data["parent"] for outcome in outcomes} == {workers[1].pid}
    assert victim.wait() == -signal.SIGKILL


def test_an_address_at_which_no_scheduler_answers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploybook.proving.cluster.CONNECT_SECONDS", 0.2)
    with pytest.raises(InvalidValue, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        Cluster("tcp://127.0.0.1:9", ROOT, 1.0)


def test_what_is_sent_to_the_workers_is_what_git_knows_or_would_add(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("kept.txt", "new.txt", "ignored.txt", ".gitignore"):
        (checkout / name).write_text("ignored.txt" if name == ".gitignore" else name)
    environ = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull}
    for words in (("init", "--quiet"), ("add", "kept.txt")):
        subprocess.run(["git", *words], cwd=checkout, env=environ, check=True)
    content = packed(checkout)
    unpack(content, tmp_path / "unpacked")
    assert sorted(path.name for path in (tmp_path / "unpacked").iterdir()) == [".gitignore", "kept.txt", "new.txt"]
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert not [member for member in archive if member.name.startswith(("/", ".."))]
