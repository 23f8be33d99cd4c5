"""The folders of kernels' connection files and sockets: short-lived, for one user, and gone with whoever made them, however that ends.

They are in ``TMPDIR``, not in the run's folder: the name of a Unix socket may not be longer than some hundred characters.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploybook.runbook import environment
from deploybook.state.processes import is_alive

PREFIX = "deploybook-kernel-"

_open: set[Path] = set()


@contextmanager
def kernel_folder() -> Iterator[Path]:
    """A folder that only this user can enter; its name holds the process that it belongs to."""
    # papermill with this engine, without the runner, has the TMPDIR of its shell.
    environment.shorten_tmpdir(os.environ)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    _open.add(folder)
    try:
        yield folder
    finally:
        remove(folder)
        _open.discard(folder)


def remove_all() -> None:
    """Remove what this process has open: for one that is about to end without unwinding."""
    for folder in [*_open]:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder with what is in it; one that is not of a kernel stays."""
    if folder.name.startswith(PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Remove what is left of processes that were all killed at once, so that none could do it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        with contextlib.suppress(OSError, ValueError):
            owner = int(folder.name.removeprefix(PREFIX).partition("-")[0])
            if folder.stat().st_uid == os.geteuid() and not is_alive(owner):
                remove(folder)
