"""A provisioned world that is kept: the sandbox's accounts by a snapshot, an operator's folders by a copy. It comes back in a moment."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.sandboxes import RunningSandbox


class Kept:
    """What there is in the sandbox, and in ``folder``, when this is made."""

    def __init__(self, sandbox: RunningSandbox, folder: Path) -> None:
        self._sandbox = sandbox
        self._folder = folder
        self._exports = dict(sandbox.exports)
        self._name = sandbox.freeze()
        self._copies = tempfile.TemporaryDirectory(prefix="deploybook-kept-")
        self._copy = Path(self._copies.name) / "folder"
        shutil.copytree(folder, self._copy, symlinks=True)

    def restore(self, folder: Path | None = None) -> None:
        """Bring it back: in the sandbox, in the folder (or in another one), and in what was exported."""
        self._sandbox.restore(self._name)
        folder = folder or self._folder
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        shutil.copytree(self._copy, folder, symlinks=True, dirs_exist_ok=True)
        self._sandbox.exports.clear()
        self._sandbox.exports.update(self._exports)

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *_: object) -> None:
        """Forget the copies; the snapshot goes with its sandbox."""
        self._copies.cleanup()
