"""A run that is killed while a provider has one of its requests, and what that provider does with the request afterwards."""

from __future__ import annotations

import contextlib
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.runbooks.guide import Finished, Guide
from tests.sandboxes import RunningSandbox
from tests.waiting import PATIENCE_SECONDS, until

# Longer than any test waits: what the provider holds goes on when it is released, not when a time is over.
HELD_SECONDS = 10 * PATIENCE_SECONDS


def hold(sandbox: RunningSandbox, **fault: Any) -> None:
    """The next request that this fault matches is held, before the service acts (``slow``) or before it answers (``slow-answer``)."""
    sandbox.control.post("/faults", json={"seconds": HELD_SECONDS, **fault}).raise_for_status()


def taken(sandbox: RunningSandbox) -> None:
    """Wait until the request to hold has come."""
    until(lambda: not sandbox.control.get("/faults").json(), "the request that is to be held")


def release(sandbox: RunningSandbox) -> None:
    """What is held goes on."""
    sandbox.control.delete("/faults").raise_for_status()


def kill_while_held(
    guide: Guide, sandbox: RunningSandbox, *arguments: str, fault: Mapping[str, str], carried_out: bool = True
) -> None:
    """Start ``deploybook`` with arguments, and kill it while the provider holds a request, which it then carries out or drops.

    Nothing of the run is left: no process, and no request that is still to be carried out.
    """
    hold(sandbox, **fault)
    with guide.start(*arguments, env=sandbox.exports) as process:
        taken(sandbox)
        # A request is journalled when it ends: the one that is held, after this.
        sandbox.control.delete("/journal")
        process.send_signal(signal.SIGKILL)
    until(lambda: not left_behind(guide), "the end of every process of a run that was killed")
    if carried_out:
        release(sandbox)
        until(lambda: _answered(sandbox, **fault), "the end of the request that was held")
    else:
        sandbox.control.delete("/faults", params={"held": "dropped"}).raise_for_status()
    sandbox.control.delete("/journal")


def destroy_as_shown(guide: Guide, sandbox: RunningSandbox, *arguments: str) -> list[str]:
    """Destroy, type each command that destroy shows for what is not proved to be ours, and destroy again; gives the last outcomes."""

    def destroy(*more: str) -> Finished:
        command = ("run", *arguments, "--mode", "destroy", *more)
        finished = guide.run(*command, env=sandbox.exports, typed="production\n")
        assert finished.code == 0, finished.output
        return finished

    for name in re.findall(r"--mode destroy --adopt '([^']+)'", destroy().output):
        destroy("--adopt", name)
    return destroy().outcomes("resource")


def left_behind(guide: Guide) -> list[str]:
    """The commands of the processes that still work for this checkout."""
    commands = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            command = (path.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(guide.root).encode() in path.read_bytes() or str(guide.root) in command:
                commands.append(command[:80])
    return [command for command in commands if command]


def _answered(sandbox: RunningSandbox, *, service: str, path: str, method: str = ".*", **_: str) -> bool:
    entries = sandbox.journal(service)
    return any(re.fullmatch(path, entry["path"]) and re.fullmatch(method, entry["method"]) for entry in entries)
