"""Sandboxes as processes of their own. Nothing here needs pytest: scenarios are proved where there is none."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests import waiting

from deploybook.contract.model import load_contract

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = load_contract(ROOT / "runbooks" / "contract.toml")


def without_operator(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without what belongs to whoever runs the tests."""
    return {
        name: value
        for name, value in environ.items()
        if not (CONTRACT.is_operators(name) or name.startswith("DEPLOYBOOK_"))
    }


@dataclass
class RunningSandbox:
    """A sandbox in its own process: ``exports`` point clients at it, ``control`` is its control API."""

    exports: dict[str, str]
    control: httpx.Client
    process: subprocess.Popen[str]

    def reset(self) -> None:
        """Return every service to its state after start."""
        self.control.post("/reset").raise_for_status()

    def freeze(self) -> str:
        """Keep the world as it is; the name of the snapshot."""
        answer = self.control.post("/snapshots", timeout=waiting.PATIENCE_SECONDS)
        assert answer.status_code == httpx.codes.OK, answer.text
        return str(answer.json()["name"])

    def restore(self, snapshot: str) -> None:
        """Bring a world back."""
        answer = self.control.post(f"/snapshots/{snapshot}", timeout=waiting.PATIENCE_SECONDS)
        assert answer.status_code == httpx.codes.OK, answer.text

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
