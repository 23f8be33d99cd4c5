"""The names of what the checks make at the providers: by its name, the next check finds and removes what a killed one left.

``deploybook-check-<machine>-<process>-<start>-<random>``: the machine's tag and the process's number in hex, the start in seconds of the
epoch. What a process that is still alive has made is left alone. What nobody can tell that of, which another machine has made or a check
that takes longer than any, is removed when it is old.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
import time
from pathlib import Path

from deploybook.state.processes import is_alive

PREFIX = "deploybook-check-"
# A check that renders a video may take an hour.
LONGEST_CHECK_SECONDS = 4 * 3600.0
NAME = re.compile(rf"{PREFIX}(?P<machine>[0-9a-f]{{8}})-(?P<process>[0-9a-f]+)-(?P<start>[0-9]+)-[0-9a-f]{{16}}")


def new_name() -> str:
    """A name for what a check makes, of at most 64 characters."""
    return f"{PREFIX}{_machine()}-{os.getpid():x}-{int(time.time())}-{secrets.token_hex(8)}"


def is_left_over(name: str, longest_seconds: float = LONGEST_CHECK_SECONDS) -> bool:
    """Whether a name, with hyphens or with underscores, is that of a check which has ended. One that no check of ours makes is nobody's.

    ``longest_seconds`` is how long a check of this kind may take.
    """
    match = NAME.fullmatch(name.replace("_", "-"))
    if match is None:
        return False
    if match["machine"] == _machine() and not is_alive(int(match["process"], 16)):
        return True
    return time.time() - int(match["start"]) > longest_seconds


def _machine() -> str:
    """Eight hex digits for what process numbers count in: the machine, and on Linux this boot of it and the container."""
    boot, container = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    parts = [socket.gethostname()]
    parts += [boot.read_text(encoding="utf-8"), str(container.readlink())] if boot.exists() else []
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
