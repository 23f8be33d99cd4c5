"""Clients against a sandbox: connections from its exports, and a journal of what they sent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from tests.conftest import RunningSandbox

from deploybook.clouds.connections import Connections

Connect = Callable[..., Connections]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Connections whose environment is a sandbox's, as an operator would export it."""
    opened: list[Connections] = []

    def connected(sandbox: RunningSandbox, **changed: str) -> Connections:
        environ = sandbox.exports | changed
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        opened.append(Connections(environ))
        return opened[-1]

    yield connected
    for connections in opened:
        connections.close()


@pytest.fixture(scope="session")
def ended_process() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid
