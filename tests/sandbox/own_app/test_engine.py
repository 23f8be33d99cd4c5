"""A container engine's command line, held against a stand-in that notes its calls; a real one: ``deploybook prove applications``."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sandbox.own_app.conftest import write

from deploybook.checkout.engines import engine_settings
from deploybook.checkout.ignoring import cloned
from deploybook.sandbox.own_app import engine
from deploybook.sandbox.own_app.image import ImageFailed
from deploybook.sandbox.own_app.processes import Machine
from deploybook.sandbox.own_app.worker import WorkerProcess

STAND_IN = """#!/bin/sh
printf '%s\\n' "$*" >> "$(dirname "$0")/called"
case "$1" in
  info) exit INFO ;;
  build)
    echo "step 1"; echo "ERROR: failed to solve"
    while [ "$1" != --iidfile ]; do shift; done
    echo sha256:1f2e > "$2"; exit BUILD ;;
  run) echo "[Worker] Started for $TURSO_AUTH_TOKEN"; exec sleep 60 ;;
esac
"""
VARIABLES = {"TURSO_AUTH_TOKEN": "canary-of-the-token", "ROLE": "worker"}
FILES = {
    "worker/Dockerfile": "",
    ".gitignore": ".env\njobs/\n",
    "src/jobs/store.js": "",
    ".env": "SECRET=1",
    "index.js": "",
    "node_modules/x.js": "",
}


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


def build_of(tmp_path: Path) -> engine.Build:
    """A build of a small checkout, with the argument ROLE."""
    checkout = write(tmp_path / "checkout", FILES)
    for arguments in (["init", "--quiet"], ["add", "--force", "src/jobs/store.js"]):
        subprocess.run(["git", "-C", str(checkout), *arguments], check=True)
    return engine.Build(checkout / "worker/Dockerfile", cloned(checkout, checkout), ["ROLE"], VARIABLES)


def test_an_image_is_built_and_run_without_a_value_in_an_argument(tmp_path: Path, machine: Machine) -> None:
    binary, home, log = stand_in(tmp_path / "bin"), tmp_path / "image-1", list[str]()

    async def run() -> None:
        image = await build_of(tmp_path).run(str(binary / "docker"), "srv", machine, home, log.append)
        worker = await WorkerProcess.start(image, "node other.js", VARIABLES, machine, tmp_path / "home", log.append)
        await worker.stop()

    asyncio.run(run())
    build, started, removed = called(binary)
    dockerfile, identity = f"{home}/context/worker/Dockerfile", f"{home}/image-id"
    assert build == [
        *["build", "--file", dockerfile, "--tag", "deploybook-worker:latest", "--iidfile", identity],
        *["--build-arg", "ROLE", f"{home}/context"],
    ]
    assert started[:7] == ["run", "--rm", "--network", "host", "--name", "deploybook-srv-image-1", "--volume"]
    assert started[-9:] == [
        *["--env", "TURSO_AUTH_TOKEN", "--env", "ROLE", "--env", "RENDER", "sha256:1f2e", "node", "other.js"]
    ]
    assert removed == ["rm", "--force", "deploybook-srv-image-1"]
    assert "canary-of-the-token" not in (binary / "called").read_text()
    assert log == ["step 1", "ERROR: failed to solve", "[Worker] Started for canary-of-the-token"]


def test_the_engine_builds_from_what_a_clone_would_have(tmp_path: Path, machine: Machine) -> None:
    binary, home = stand_in(tmp_path / "bin"), tmp_path / "image-1"
    asyncio.run(build_of(tmp_path).run(str(binary / "docker"), "srv", machine, home, lambda _: None))
    files = sorted(file.relative_to(home / "context").as_posix() for file in (home / "context").rglob("*.*"))
    assert files == [".gitignore", "index.js", "src/jobs/store.js"]


def test_of_an_unpacked_archive_everything_was_committed(tmp_path: Path) -> None:
    checkout = write(tmp_path / "archive", {".gitignore": "jobs/\n", "jobs/store.js": ""})
    assert sorted(cloned(checkout, checkout)) == [".gitignore", "jobs/store.js"]


def test_a_build_that_fails_says_the_engine_s_last_line(tmp_path: Path, machine: Machine) -> None:
    binary = stand_in(tmp_path / "bin", build=1)
    build = build_of(tmp_path).run(str(binary / "docker"), "srv", machine, tmp_path / "image-1", lambda _: None)
    with pytest.raises(ImageFailed, match=r"ERROR: failed to solve \(exit code: 1\)"):
        asyncio.run(build)


def test_of_the_environment_an_engine_gets_its_own_settings_alone() -> None:
    environ = {"DOCKER_HOST": "unix:///run/user/1000/docker.sock", "CONTAINERS_CONF": "/etc/c", "STORAGE_DRIVER": "vfs"}
    assert engine_settings({**environ, "RENDER_API_KEY": "k", "STORAGE_BACKEND": "r2"}) == environ
