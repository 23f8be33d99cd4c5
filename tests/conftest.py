"""Shared fixtures: a clean environment, a guarded network, and sandboxes as processes of their own."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import distribution, lazily, waiting
from tests.answers.figures import pytest_terminal_summary  # noqa: F401 - a hook of the session
from tests.sandboxes import CONTRACT, ROOT, RunningSandbox, launch_sandbox, without_operator

__all__ = ["CONTRACT", "ROOT", "SPECS", "RunningSandbox", "launch_sandbox", "without_operator"]

# A nightly run has the day's own; GitHub's stands in none but those.
# A module uses two at most.
KEPT_SANDBOXES = 2
SPECS = Path(os.environ.get("DEPLOYBOOK_SPECS", ROOT.parent / "shared" / "specs"))

# A shell starts a job in the background with Ctrl-C ignored, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
waiting.let_clients_wait()

lazily.import_grammar_of_iris()
lazily.read_authorities_once()


# Before xdist reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one sandbox go to one worker, and what takes long begins first."""
    distribution.group(items, ROOT)
    distribution.order(items, ROOT)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees a credential or an endpoint of whoever runs it."""
    for name in os.environ.keys() - without_operator(os.environ).keys():
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that would leave this machine fails the test instead."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if isinstance(address, tuple) and not (
            str(host).removeprefix("::ffff:").startswith("127.") or host in {"::1", "localhost"}
        ):
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def start_sandbox() -> Iterator[Callable[..., RunningSandbox]]:
    """Start a sandbox with a set of services, or give the one that was started before: one for each of the last sets.

    One that nobody asks for any more is closed: it takes more than one per cent of a core as long as it is there.
    """
    started: dict[tuple[str, ...], RunningSandbox] = {}

    def start(*services: str) -> RunningSandbox:
        started[services] = started.pop(services) if services in started else launch_sandbox(*services)
        if len(started) > KEPT_SANDBOXES:
            started.pop(next(iter(started))).close()
        return started[services]

    yield start
    for sandbox in started.values():
        sandbox.end()
    for sandbox in started.values():
        sandbox.close()


@pytest.fixture(scope="session")
def specs() -> Path:
    """The folder of the providers' descriptions."""
    if not SPECS.is_dir():
        pytest.skip("../shared/specs is absent: the providers' descriptions cannot be compared")
    return SPECS
