"""Atomic replacement of files, and removal of what killed writers leave beside them."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` atomically and durably with a UTF-8 file that only its owner can read.

    A symbolic link stays, and its target is replaced. Raises OSError if the file cannot be replaced; the file is unchanged then.
    """
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = _written(target, text)
    try:
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def prove_writable(path: Path, size: int) -> None:
    """Raise OSError unless ``write_private`` could now write ``size`` bytes to ``path``; the file itself is not touched."""
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _written(target, "#" * size).unlink()


def remove_durably(path: Path) -> None:
    """Remove a file, if it is there, so that it stays removed."""
    if path.exists():
        path.unlink()
        _sync_folder(path.parent)


def sweep_leftovers(path: Path) -> list[Path]:
    """Remove what killed writers of ``path`` left in its folder, and return it. The caller holds the lock of ``path``."""
    target = path.resolve()
    leftovers = sorted(target.parent.glob(f".{glob.escape(target.name)}.*"))
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    return leftovers


def _written(target: Path, text: str) -> Path:
    """A new file beside ``target`` with this text, on the disk."""
    # mkstemp makes the file 0600 from the start: there is no moment at which it is readable by others.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            _keep_owner(file.fileno(), target)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


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
