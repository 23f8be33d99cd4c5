"""Render in the sandbox, and a worker in it as the guide makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from tests.clouds.conftest import Connect
from tests.conftest import RunningSandbox

from deploybook.clouds import render
from deploybook.clouds.connections import Connections
from deploybook.clouds.render.waiting import DeployState
from deploybook.clouds.render.worker import WorkerState
from deploybook.contract.consumers import ConsumerVariable
from deploybook.state.last_writes import LastWrites

SETTINGS = render.Settings("example/studio")
WANTED = {
    "TURSO_DATABASE_URL": ConsumerVariable("TURSO_DATABASE_URL", SecretStr("libsql://db.example.com"), secret=False),
    "TURSO_AUTH_TOKEN": ConsumerVariable("TURSO_AUTH_TOKEN", SecretStr("canary-turso-token"), secret=True),
    "STORAGE_BACKEND": ConsumerVariable("STORAGE_BACKEND", SecretStr("r2"), secret=False),
}


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("render")
    running.reset()
    yield running
    running.control.delete("/faults")


@pytest.fixture
def clouds(sandbox: RunningSandbox, connect: Connect) -> Connections:
    return connect(sandbox)


@pytest.fixture
def observed(tmp_path: Path) -> LastWrites:
    return LastWrites(tmp_path, "production")


@dataclass
class Bench:
    """The three resources of one worker, as a run of the runbook holds them; ``told`` is what was said while waiting."""

    clouds: Connections
    observed: LastWrites
    progress: list[str] = field(default_factory=list)

    def worker(self, **settings: Any) -> render.Worker:
        owner = render.owner(self.clouds.render, "")
        return render.Worker("worker", owner, replace(SETTINGS, **settings), WANTED, self.observed)

    def variables(self, state: WorkerState) -> render.Variables:
        return render.Variables("worker", state, WANTED, self.observed)

    def deploy(self, state: WorkerState, *, seconds: float = 20, looked: bool = True) -> render.Deploy:
        """A new run's deploy, its variables looked at before as the runbook does."""
        variables = self.variables(state)
        if looked:
            variables.read(self.clouds)
        return render.Deploy("worker", state, variables, self.observed, self.progress.append, seconds=seconds)

    def state(self, **settings: Any) -> WorkerState:
        present = self.worker(**settings).read(self.clouds)
        assert present is not None
        return present

    def live(self) -> WorkerState:
        """A worker whose first deploy is live, as the next run finds it."""
        made = self.worker().create(self.clouds)
        self.deploy(made).create(self.clouds)
        self.progress.clear()
        return self.state()

    def changes(self, deploy: render.Deploy) -> tuple[DeployState, list[str]]:
        present = deploy.read(self.clouds)
        assert present is not None
        return present, [str(change) for change in deploy.differences(present)]

    def brought_up_to_date(self, deploy: render.Deploy) -> DeployState:
        present = deploy.read(self.clouds)
        if present is None:
            return deploy.create(self.clouds)
        return deploy.update(self.clouds, present, deploy.differences(present))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox builds in a second: look more often than one would at Render."""
    monkeypatch.setattr("deploybook.clouds.waiting.FIRST_PAUSE", 0.05)


@pytest.fixture
def bench(clouds: Connections, observed: LastWrites) -> Bench:
    return Bench(clouds, observed)


@pytest.fixture
def fault(sandbox: RunningSandbox) -> Callable[..., None]:
    def arm(**about: Any) -> None:
        sandbox.control.post("/faults", json={"service": "render", **about}).raise_for_status()

    return arm
