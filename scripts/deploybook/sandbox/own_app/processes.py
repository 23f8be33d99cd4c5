"""Programs of the application: what they get of this machine, and how their output is read."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pwd
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Mapping
from pathlib import Path

from deploybook.checkout.engines import engine_settings
from deploybook.sandbox.core.processes import die_with_parent

Log = Callable[[str], None]

HOOK = Path(__file__).with_name("network.cjs")
# What an installation needs of the machine: where packages come from, and how the machine reaches it.
INSTALLING = re.compile(
    r"npm_config_\w+|(https?|no|all)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|PIP_\w+|COREPACK_\w+",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Machine:
    """The machine as the application's programs see it. ``routes`` lead host names to ports of the sandbox."""

    def __init__(self, directory: Path, authority: Path, routes: Mapping[str, int]) -> None:
        self.directory = directory
        self.authority = authority
        self.hook = directory / "network.cjs"
        directory.mkdir(parents=True, exist_ok=True)
        self.hook.write_text(HOOK.read_text().replace("@ROUTES@", json.dumps(dict(routes)).replace('"', '\\"')))

    def running(self, variables: Mapping[str, str], home: Path) -> dict[str, str]:
        """PATH, a home folder of its own, the way into the sandbox, and the variables."""
        own = {"PATH": os.environ.get("PATH", ""), "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8"}
        own |= {"NODE_OPTIONS": f"--require {self.hook}", "NODE_EXTRA_CA_CERTS": str(self.authority)}
        return {**own, "NEXT_TELEMETRY_DISABLED": "1", **variables}

    def installing(self, home: Path) -> dict[str, str]:
        """PATH, a home folder of its own, and what leads to the packages; none of the application's variables."""
        kept = {name: value for name, value in os.environ.items() if INSTALLING.fullmatch(name)}
        own = {"PATH": os.environ.get("PATH", ""), "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8"}
        settings = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".npmrc"
        own |= {"npm_config_userconfig": str(settings)} if settings.is_file() else {}
        return {**own, "npm_config_cache": str(cache_folder() / "npm"), **kept}

    def of_the_engine(self) -> dict[str, str]:
        """What a container engine's command line needs of the machine: PATH, the operator's home folder, and its own settings."""
        return {"PATH": os.environ.get("PATH", ""), "HOME": str(Path.home()), **engine_settings(os.environ)}


def cache_folder() -> Path:
    """Where installations and builds are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "deploybook" / "app"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


async def start(
    command: str, folder: Path, env: Mapping[str, str], *, orphaned: signal.Signals = signal.SIGKILL
) -> Process:
    """Start a command by the shell, in a group of its own; ``orphaned`` is the signal by which it ends with the sandbox."""
    return await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        command,
        cwd=folder,
        env=dict(env),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
        preexec_fn=die_with_parent(orphaned),
        limit=1024 * 1024,
    )


async def run(command: str, folder: Path, env: Mapping[str, str], log: Log) -> int:
    """Run a command to its end and log its lines; the exit status, negative for a signal."""
    process = await start(command, folder, env)
    try:
        await follow(process, log)
        return await process.wait()
    finally:
        await stop(process, grace=0)


async def follow(process: Process, log: Log) -> None:
    """Log what a process says until it says no more."""
    assert process.stdout is not None
    while line := await _line(process.stdout):
        log(_COLOUR.sub("", line.decode(errors="replace")).rstrip())


async def _line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:
        # Longer than a line can be: what is there of it.
        return await stream.read(65536)


async def stop(process: Process, *, grace: float) -> None:
    """End a process and all that it started: SIGTERM, and SIGKILL after the seconds of ``grace``."""
    if process.returncode is None and grace:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), grace)
    _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
