"""Vercel in the sandbox: the account, and the operator's own hands in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from tests.clouds.conftest import Connect
from tests.conftest import RunningSandbox

from deploybook.clouds import vercel
from deploybook.clouds.connections import Connections
from deploybook.clouds.vercel.client import Vercel
from deploybook.clouds.vercel.project import ProjectState
from deploybook.clouds.vercel.schema import VariableAnswer
from deploybook.contract.consumers import ConsumerVariable
from deploybook.state.last_writes import LastWrites


def pushed(**values: str) -> dict[str, ConsumerVariable]:
    """Variables as the contract would send them; those that begin with SECRET are secret."""
    return {name: ConsumerVariable(name, SecretStr(value), name.startswith("SECRET")) for name, value in values.items()}


WANTED = pushed(SECRET="s" * 32, PLAIN="p")


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("vercel")
    running.reset()
    yield running
    running.control.delete("/faults")


@pytest.fixture
def clouds(sandbox: RunningSandbox, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> Connections:
    monkeypatch.setattr("deploybook.clouds.waiting.FIRST_PAUSE", 0.1)
    return connect(sandbox)


@pytest.fixture
def project(clouds: Connections) -> ProjectState:
    """A project that was just made."""
    return vercel.Project("web").create(clouds)


@pytest.fixture
def observed(tmp_path: Path) -> LastWrites:
    return LastWrites(tmp_path / "state", "test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one page."""
    made = tmp_path / "site"
    made.mkdir()
    (made / "index.html").write_text("<h1>studio</h1>")
    return made


@pytest.fixture
def by_hand(clouds: Connections) -> httpx.Client:
    """The operator's own hands at Vercel."""
    return clouds.vercel.api.client


class Site:
    """The resources of the section, made anew for each look as each run makes them."""

    def __init__(self, clouds: Connections, project: ProjectState, observed: LastWrites, folder: Path) -> None:
        self.clouds = clouds
        self.project = project
        self.observed = observed
        self.folder = folder

    def variables(self, wanted: Mapping[str, ConsumerVariable] = WANTED) -> vercel.Variables:
        return vercel.Variables("web", self.project, wanted, self.observed)

    def set(self, wanted: Mapping[str, ConsumerVariable] = WANTED) -> vercel.Variables:
        """Bring the variables to what is wanted."""
        made = self.variables(wanted)
        state = made.read(self.clouds)
        if state is None:
            made.create(self.clouds)
        elif changes := made.differences(state):
            made.update(self.clouds, state, changes)
        return made

    def judged(self, wanted: Mapping[str, ConsumerVariable] = WANTED) -> dict[str, str]:
        """What a new look finds wrong, by name."""
        looking = self.variables(wanted)
        looking.read(self.clouds)
        return {change.field: change.old for change in looking.differences(looking._entries or [])}

    def deployment(self, **options: Any) -> vercel.Deployment:
        source = options.pop("source", None) or vercel.source("", "main", str(self.folder))
        variables = self.variables()
        variables.read(self.clouds)
        return vercel.Deployment("web", self.project, source, variables, **options)

    def entries(self) -> list[VariableAnswer]:
        client: Vercel = self.clouds.vercel
        return sorted(client.variables(self.project.id), key=lambda variable: (variable.key, variable.targets))

    def entry(self, name: str) -> VariableAnswer:
        return next(entry for entry in self.entries() if entry.key == name)


@pytest.fixture
def site(clouds: Connections, project: ProjectState, observed: LastWrites, folder: Path) -> Site:
    return Site(clouds, project, observed, folder)
