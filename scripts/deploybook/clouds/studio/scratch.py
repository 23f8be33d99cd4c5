"""The names of what the end-to-end check makes, by which it is found again after a run that was killed.

``deploybook-check-<machine>-<process>-<start>-<random>``: the machine's tag and the process's number in hex, the start in seconds of the
epoch. What a process that is still alive has made is left alone; what another machine has made is removed when it is hours old.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
import uuid

from deploybook.state.processes import is_alive

PREFIX = "deploybook-check-"
# A check that renders a video may take an hour.
LONGEST_CHECK_SECONDS = 4 * 3600
NAME = re.compile(rf"{PREFIX}([0-9a-f]{{6}})-([0-9a-f]+)-([0-9]+)-[0-9a-f]{{16}}")


def new_name() -> str:
    """A name for this check."""
    return f"{PREFIX}{_machine()}-{os.getpid():x}-{int(time.time())}-{secrets.token_hex(8)}"


def is_left_over(name: str) -> bool:
    """Whether a name is that of a check which has ended. One that no check of ours makes is nobody's."""
    match = NAME.fullmatch(name)
    if match is None:
        return False
    machine, process, start = match[1], int(match[2], 16), int(match[3])
    if machine != _machine():
        return time.time() - start > LONGEST_CHECK_SECONDS
    return not is_alive(process)


def _machine() -> str:
    return hashlib.sha256(str(uuid.getnode()).encode()).hexdigest()[:6]
