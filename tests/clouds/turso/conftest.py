"""Turso in the sandbox: the platform's stand-in, and the real libSQL server behind each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr
from tests.clouds.conftest import Connect
from tests.conftest import RunningSandbox

from deploybook.clouds import turso
from deploybook.clouds.connections import Connections
from deploybook.clouds.turso.resources import DatabaseState

GROUP = turso.Group("default", location="aws-us-east-1")


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("turso")
    running.reset()
    yield running
    running.control.delete("/faults")


@pytest.fixture
def clouds(sandbox: RunningSandbox, connect: Connect) -> Connections:
    return connect(sandbox)


@pytest.fixture
def made(clouds: Connections) -> DatabaseState:
    """A database that was just made."""
    GROUP.create(clouds)
    return turso.Database("studio", "default").create(clouds)


@pytest.fixture
def database(clouds: Connections, made: DatabaseState) -> turso.LibSql:
    """The same with a token, as the application sees it."""
    return opened(clouds, made, clouds.turso.mint_token("studio", "never"))


def opened(clouds: Connections, state: DatabaseState, token: SecretStr) -> turso.LibSql:
    """A database by its recorded pair."""
    database = clouds.libsql({"TURSO_DATABASE_URL": SecretStr(state.url), "TURSO_AUTH_TOKEN": token})
    assert database is not None
    return database
