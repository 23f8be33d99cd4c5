"""Whose work a file or a name of ours is: that of a process of this machine, which may have ended."""

from __future__ import annotations

import os


def is_alive(process: int) -> bool:
    """Whether a process goes on, whoever's it is; a number that no process can have may belong to another kind of machine: it counts.

    Not ``psutil.pid_exists``: it raises OverflowError for such a number, and is loaded for this alone.
    """
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
