"""An image by a container engine, where one runs here: built as Render builds it, and run in the sandbox's network.

Docker and Podman share the command lines that are used (docs.docker.com/reference/cli/docker/, docs.podman.io). A value never stands in an
argument, which every user of the machine can read: the engine takes it from its own environment.
"""

from __future__ import annotations

import shlex
import shutil
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
        done = subprocess.run([engine, "info"], capture_output=True, check=False, timeout=SECONDS_TO_ANSWER)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@dataclass(frozen=True)
class EngineImage:
    """An image that the engine holds under ``tag``; ``names`` are the variables that its containers get."""

    engine: str
    tag: str
    machine: Machine
    names: tuple[str, ...]
    working_directory: Path
    variables: Mapping[str, str]

    def program(self, override: str = "") -> str:
        """The command line that runs a container of it; ``override`` is the host's own command in place of CMD."""
        words = [self.engine, "run", "--rm", "--init", "--network", "host", "--name", self.tag.replace(":", "-")]
        for source, target in ((self.machine.hook, HOOK), (self.machine.authority, AUTHORITY)):
            words += ["--volume", f"{source}:{target}:ro"]
        for name, value in INTO_THE_SANDBOX.items():
            words += ["--env", f"{name}={value}"]
        for name in self.names:
            words += ["--env", name]
        return " ".join([shlex.join([*words, self.tag]), override]).strip()


async def build(
    engine: str,
    dockerfile: Path,
    context: Path,
    tag: str,
    arguments: Collection[str],
    variables: Mapping[str, str],
    machine: Machine,
    home: Path,
    log: Log,
) -> EngineImage:
    """Build an image; ``arguments`` are the names of ``variables`` that its ARGs take. Raises ImageFailed with the engine's last line."""
    home.mkdir(parents=True, exist_ok=True)
    words = [engine, "build", "--file", str(dockerfile), "--tag", tag]
    for name in arguments:
        words += ["--build-arg", name]
    lines: list[str] = []

    def keep(line: str) -> None:
        lines.append(line)
        log(line)

    # The engine's own settings, such as DOCKER_HOST, are the operator's.
    env = {**machine.of_the_engine(), **{name: variables[name] for name in arguments}}
    if status := await run(shlex.join([*words, str(context)]), context, env, keep):
        said = next((line for line in reversed(lines) if line.strip()), "it said nothing")
        raise ImageFailed(f"{said} (exit code: {status})")
    kept = tuple(name for name in variables if name not in INTO_THE_SANDBOX)
    return EngineImage(engine, tag, machine, (*kept, "RENDER"), home, machine.of_the_engine())
