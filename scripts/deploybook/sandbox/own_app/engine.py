"""An image by a container engine, where one runs here: built as Render builds it, and run in the sandbox's network.

Docker and Podman share the command lines that are used (docs.docker.com/reference/cli/docker/, docs.podman.io). A value never stands in an
argument, which every user of the machine can read: the engine takes it from its own environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploybook.sandbox.own_app.image import ImageFailed
from deploybook.sandbox.own_app.processes import Log, Machine, run

ENGINES = ("docker", "podman")
# A command line without its service answers within this.
SECONDS_TO_ANSWER = 10.0
TAG = "deploybook-worker:latest"
HOOK, AUTHORITY = "/deploybook/network.cjs", "/deploybook/authority.pem"
# What the container has of the sandbox besides the variables.
INTO_THE_SANDBOX = {"NODE_OPTIONS": f"--require {HOOK}", "NODE_EXTRA_CA_CERTS": AUTHORITY}


def find_engine() -> str:
    """The first engine on PATH that answers; empty if there is none, or if its containers could not reach this machine's loopback."""
    if sys.platform != "linux":
        return ""
    return next((path for name in ENGINES if (path := shutil.which(name)) and _answers(path)), "")


def _answers(engine: str) -> bool:
    try:
        completed = subprocess.run([engine, "info"], capture_output=True, check=False, timeout=SECONDS_TO_ANSWER)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return completed.returncode == 0


@dataclass(frozen=True)
class EngineImage:
    """An image that the engine has; ``names`` are the variables that its container gets, ``container`` is the container's own name."""

    engine: str
    id: str
    container: str
    machine: Machine
    names: tuple[str, ...]
    working_directory: Path

    @property
    def variables(self) -> Mapping[str, str]:
        """What the engine's command line needs; the image's own are in the image."""
        return self.machine.of_the_engine()

    @property
    def orphaned(self) -> signal.Signals:
        """The command line hands SIGTERM on to the container, which would survive the command line's SIGKILL."""
        return signal.SIGTERM

    def program(self, override: str = "") -> str:
        """The command line that runs the container; ``override`` is the host's own command in place of CMD."""
        words = [self.engine, "run", "--rm", "--network", "host", "--name", self.container]
        for source, target in ((self.machine.hook, HOOK), (self.machine.authority, AUTHORITY)):
            words += ["--volume", f"{source}:{target}:ro"]
        for name, value in INTO_THE_SANDBOX.items():
            words += ["--env", f"{name}={value}"]
        for name in self.names:
            words += ["--env", name]
        return " ".join([shlex.join([*words, self.id]), override]).strip()

    async def clear(self) -> None:
        """Remove the container, which goes on where its program did not end by SIGTERM."""
        words = [self.engine, "rm", "--force", self.container]
        await run(shlex.join(words), self.working_directory, self.machine.of_the_engine(), lambda _: None)


@dataclass(frozen=True)
class Build:
    """What Render builds: a Dockerfile, the files of its context, and the service's variables, which reach the ARGs of ``arguments``."""

    dockerfile: Path
    context: Mapping[str, Path]
    arguments: Collection[str]
    variables: Mapping[str, str]

    async def run(self, engine: str, service: str, machine: Machine, home: Path, log: Log) -> EngineImage:
        """Build the image in ``home``, a folder of its own. Raises ImageFailed with the engine's last line.

        The image has one tag in all runs, so that an engine holds one of an application and not one of each dry run.
        """
        context, identity = home / "context", home / "image-id"
        await asyncio.to_thread(self._write, context)
        # Beside the context's own Dockerfile may be a .dockerignore for it alone.
        inside = (context / path for path, file in self.context.items() if file.samefile(self.dockerfile))
        dockerfile = next(inside, self.dockerfile)
        words = [engine, "build", "--file", str(dockerfile), "--tag", TAG, "--iidfile", str(identity)]
        for name in self.arguments:
            words += ["--build-arg", name]
        lines: list[str] = []

        def keep(line: str) -> None:
            lines.append(line)
            log(line)

        # The engine's own settings, such as DOCKER_HOST, are the operator's.
        env = {**machine.of_the_engine(), **{name: self.variables[name] for name in self.arguments}}
        if status := await run(shlex.join([*words, str(context)]), context, env, keep):
            last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
            raise ImageFailed(f"{last} (exit code: {status})")
        names = tuple(name for name in self.variables if name not in INTO_THE_SANDBOX)
        container = f"deploybook-{service}-{home.name}"
        return EngineImage(engine, identity.read_text().strip(), container, machine, (*names, "RENDER"), home)

    def _write(self, folder: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        for path, file in self.context.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, folder / path)
