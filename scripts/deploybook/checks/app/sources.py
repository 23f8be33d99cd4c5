"""The files of an application's repository, without what is made by builds and installs."""

from __future__ import annotations

import os
import posixpath
from functools import cached_property
from pathlib import Path

SKIPPED = frozenset(
    {".git", ".next", ".turbo", ".vercel", ".yarn", ".venv", "venv", "__pycache__", "node_modules"}
) | frozenset({"build", "coverage", "dist", "out", "storybook-static"})


class Sources:
    """One repository on disk; a path is relative to its root, with forward slashes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._contents: dict[str, bytes] = {}

    @cached_property
    def files(self) -> frozenset[str]:
        """Every file."""
        paths = set()
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name not in SKIPPED]
            place = Path(folder).relative_to(self.root).as_posix()
            paths |= {posixpath.normpath(posixpath.join(place, name)) for name in names}
        return frozenset(paths)

    def matching(self, folder: str, *suffixes: str) -> list[str]:
        """The files somewhere under a folder (empty: everywhere) with one of the suffixes, sorted."""
        start = f"{folder}/" if folder else ""
        return sorted(path for path in self.files if path.startswith(start) and path.endswith(suffixes))

    def content(self, path: str) -> bytes:
        """The bytes of a file."""
        if path not in self._contents:
            self._contents[path] = (self.root / path).read_bytes()
        return self._contents[path]

    def size(self, path: str) -> int:
        """The length of a file in bytes; 0 for a link that leads nowhere."""
        try:
            return (self.root / path).stat().st_size
        except OSError:
            return 0

    def text(self, path: str) -> str:
        """The text of a file; a byte that is not UTF-8 stands for no name."""
        return self.content(path).decode(errors="replace")
