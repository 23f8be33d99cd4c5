"""Shared fixtures: a clean environment, a guarded network, and sandboxes as processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests import distribution, lazily, waiting
from tests.answers.figures import pytest_terminal_summary  # noqa: F401 - a hook of the session

from deploybook.contract.model import load_contract

ROOT = Path(__file__).resolve().parents[1]
# A nightly run has the day's own; GitHub's stands in none but those.
# A module uses two at most.
KEPT_SANDBOXES = 2
SPECS = Path(os.environ.get("DEPLOYBOOK_SPECS", ROOT.parent / "shared" / "specs"))

CONTRACT = load_contract(ROOT / "runbooks" / "contract.toml")

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


def without_operator(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without what belongs to whoever runs the tests."""
    return {
        name: value
        for name, value in environ.items()
        if not (CONTRACT.is_operators(name) or name.startswith("DEPLOYBOOK_"))
    }


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


@dataclass
class RunningSandbox:
    """A sandbox in its own process: ``exports`` point clients at it, ``control`` is its control API."""

    exports: dict[str, str]
    control: httpx.Client
    process: subprocess.Popen[str]

    def reset(self) -> None:
        """Return every service to its state after start."""
        self.control.post("/reset").raise_for_status()

    @contextlib.contextmanager
    def stopped_clock(self) -> Iterator[Callable[[], None]]:
        """Let no build, roll-out or run of the clouds go on but by the step that is given."""

        def act(name: str) -> None:
            self.control.post("/clock", json={"act": name}).raise_for_status()

        act("stop")
        try:
            yield lambda: act("step")
        finally:
            act("run")

    def journal(self, *services: str) -> list[dict[str, Any]]:
        """The requests answered so far."""
        entries: list[dict[str, Any]] = self.control.get("/journal", params={"service": services}).json()
        return entries

    def environment(self, **extra: str) -> dict[str, str]:
        """A whole environment for a child process that is to use this sandbox."""
        return without_operator(os.environ) | self.exports | extra

    def end(self) -> None:
        """Ask the process to end, by closing its standard input; do not wait for it."""
        self.control.close()
        assert self.process.stdin is not None
        self.process.stdin.close()

    def close(self) -> None:
        """End the process, if that was not yet asked for, and wait until it is gone."""
        self.end()
        assert self.process.stdout is not None
        self.process.wait(waiting.PATIENCE_SECONDS)
        self.process.stdout.close()


def launch_sandbox(*services: str) -> RunningSandbox:
    """Start a sandbox with the named services (all if none are named)."""
    command = [sys.executable, "-m", "deploybook.sandbox", "--owned"]
    command += ["--only", *services] if services else []
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the sandbox did not start; its error is above"
    exports = json.loads(line)
    headers = {"Authorization": f"Bearer {exports['DEPLOYBOOK_SANDBOX_TOKEN']}", "Content-Type": "application/json"}
    control = httpx.Client(base_url=exports["DEPLOYBOOK_SANDBOX_URL"], headers=headers, trust_env=False)
    return RunningSandbox(exports, control, process)


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
