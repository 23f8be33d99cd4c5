"""A container engine's command line, held against a stand-in that notes what it is called with: no engine runs where these tests do."""

from __future__ import annotations

import asyncio
import shlex
import sys
from pathlib import Path

import pytest
from tests.sandbox.own_app.conftest import write

from deploybook.sandbox.own_app import engine
from deploybook.sandbox.own_app.image import ImageFailed
from deploybook.sandbox.own_app.processes import Machine
from deploybook.sandbox.own_app.worker import WorkerProcess

STAND_IN = """#!/bin/sh
printf '%s\\n' "$*" >> "$(dirname "$0")/called"
case "$1" in
  info) exit INFO ;;
  build) echo "step 1"; echo "ERROR: failed to solve"; exit BUILD ;;
  run) echo "[Worker] Started for $TURSO_AUTH_TOKEN"; exec sleep 60 ;;
esac
"""
VARIABLES = {"TURSO_AUTH_TOKEN": "canary-of-the-token", "ROLE": "worker"}


def stand_in(folder: Path, *, info: int = 0, build: int = 0, name: str = "docker") -> Path:
    """The folder of an engine that answers so."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(STAND_IN.replace("INFO", str(info)).replace("BUILD", str(build)))
    (folder / name).chmod(0o755)
    return folder


def called(folder: Path) -> list[list[str]]:
    """The arguments of each call."""
    return [shlex.split(line) for line in (folder / "called").read_text().splitlines()]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no engine's containers reach this machine's loopback")
def test_the_first_engine_that_answers_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{stand_in(tmp_path / 'one', info=1)}:/usr/bin:/bin")
    assert engine.find_engine() == ""
    stand_in(tmp_path / "one", name="podman")
    assert engine.find_engine() == str(tmp_path / "one/podman")


def test_an_image_is_built_and_run_without_a_value_in_an_argument(tmp_path: Path, machine: Machine) -> None:
    binary, checkout, log = stand_in(tmp_path / "bin"), write(tmp_path / "checkout", {"Dockerfile": ""}), list[str]()

    async def run() -> None:
        image = await engine.build(
            str(binary / "docker"),
            checkout / "Dockerfile",
            checkout,
            "deploybook-srv:1",
            ["ROLE"],
            VARIABLES,
            machine,
            tmp_path / "home",
            log.append,
        )
        worker = await WorkerProcess.start(image, "node other.js", VARIABLES, machine, tmp_path / "home", log.append)
        await worker.stop()

    asyncio.run(run())
    build, started = called(binary)
    assert build == [
        *["build", "--file", f"{checkout}/Dockerfile", "--tag", "deploybook-srv:1", "--build-arg", "ROLE"],
        str(checkout),
    ]
    assert started[:8] == ["run", "--rm", "--init", "--network", "host", "--name", "deploybook-srv-1", "--volume"]
    assert started[-9:] == [
        *["--env", "TURSO_AUTH_TOKEN", "--env", "ROLE", "--env", "RENDER", "deploybook-srv:1", "node", "other.js"]
    ]
    assert "canary-of-the-token" not in (binary / "called").read_text()
    assert log == ["step 1", "ERROR: failed to solve", "[Worker] Started for canary-of-the-token"]


def test_a_build_that_fails_says_the_engine_s_last_line(tmp_path: Path, machine: Machine) -> None:
    binary, log = stand_in(tmp_path / "bin", build=1), list[str]()
    with pytest.raises(ImageFailed, match=r"ERROR: failed to solve \(exit code: 1\)"):
        asyncio.run(
            engine.build(
                str(binary / "docker"),
                tmp_path / "Dockerfile",
                tmp_path,
                "x:1",
                [],
                {},
                machine,
                tmp_path / "home",
                log.append,
            )
        )
