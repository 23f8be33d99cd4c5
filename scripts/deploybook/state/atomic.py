"""Atomic replacement of files, and removal of what killed writers leave beside them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

# The end of a name by tempfile.mkstemp, after the name of the file that it is for.
_RANDOM = r"\.[a-z0-9_]{8}"


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` atomically and durably with a UTF-8 file that only its owner can read.

    A symbolic link stays, and its target is replaced. What killed writers of this file left beside it is removed.
    Raises OSError if the file cannot be replaced; the file is unchanged then.
    """
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    sweep_leftovers(target)
    with _written(target, text) as temporary:
        temporary.replace(target)
    _sync_folder(target.parent)


def prove_writable(path: Path, size: int) -> None:
    """Raise OSError unless ``write_private`` could now write ``size`` bytes to ``path``; the file itself is not touched."""
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _written(target, "#" * size):
        pass


def remove_durably(path: Path) -> None:
    """Remove a file, if it is there, so that it stays removed."""
    if path.exists():
        path.unlink()
        _sync_folder(path.parent)


def sweep_leftovers(path: Path) -> list[Path]:
    """Remove what killed writers of ``path`` left in its folder, and return it; a file that is being written now stays."""
    target = path.resolve()
    return _sweep(target.parent, re.escape(target.name))


def sweep_state(folder: Path) -> list[Path]:
    """Remove what killed writers of any vault, record or export left in ``folder``, and return it."""
    return _sweep(folder, r"(?:.+\.(?:env|json|bak)|checkout-id)")


def _sweep(folder: Path, names: str) -> list[Path]:
    leftover = re.compile(rf"\.{names}{_RANDOM}", re.DOTALL)
    present = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in present if leftover.fullmatch(path.name) and _remove_abandoned(path)]


def _remove_abandoned(path: Path) -> bool:
    """Remove a temporary file unless its writer lives, which holds a lock on it."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
            return True
        finally:
            os.close(handle)
    return False


@contextlib.contextmanager
def _written(target: Path, text: str) -> Iterator[Path]:
    """A new file beside ``target`` with this text, on the disk: locked inside the block, and removed after it if it is still there."""
    handle, temporary = _locked_file(target)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            _keep_owner(file.fileno(), target)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _locked_file(target: Path) -> tuple[int, Path]:
    while True:
        # mkstemp makes the file 0600 from the start: there is no moment at which it is readable by others.
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Between these two lines somebody may have taken it for a leftover.
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)


def _keep_owner(handle: int, target: Path) -> None:
    """Keep the file's owner: a run as root must not take over another user's file."""
    with contextlib.suppress(FileNotFoundError):
        status = target.stat()
        if os.geteuid() == 0 and status.st_uid != 0:
            os.fchown(handle, status.st_uid, status.st_gid)


def _sync_folder(folder: Path) -> None:
    """Write a folder's entries to disk; without it a power failure can undo a rename that has returned."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
