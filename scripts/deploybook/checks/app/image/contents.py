"""The files of an image while it is built, each with the file of the repository that it came from."""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from pathspec import GitIgnoreSpec

from deploybook.checks.app.sources import Sources


class Context:
    """What a build may copy: the repository less its .dockerignore."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        lines = sources.text(".dockerignore").splitlines() if ".dockerignore" in sources.files else []
        # Its patterns are seen from the context's root, unlike git's.
        patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        ignored = GitIgnoreSpec.from_lines(
            pattern if pattern.startswith("!") else f"/{pattern.lstrip('/')}" for pattern in patterns
        )
        self.files = frozenset(path for path in sources.files if not ignored.match_file(path))
        self.folders = frozenset(folder for path in self.files for folder in _parents(path))

    def matching(self, pattern: str) -> list[str]:
        """The files and folders that a source of COPY names; ``""`` is the whole context."""
        path = posixpath.normpath(pattern.lstrip("/") or ".")
        if path == ".":
            return [""]
        if any(sign in path for sign in "*?["):
            return sorted(
                candidate
                for candidate in self.files | self.folders
                if candidate.count("/") == path.count("/") and fnmatchcase(candidate, path)
            )
        return [path] if path in self.files | self.folders else []

    def below(self, folder: str) -> list[str]:
        """The files in a folder."""
        start = f"{folder}/" if folder else ""
        return [path for path in self.files if path.startswith(start)]


@dataclass
class Contents:
    """``files`` by their path in the image; an empty source is a file that the build made.

    ``open`` once something unknown may have made more.

    ``packages`` are what npm has installed, by the folder whose node_modules hold it.
    """

    files: dict[str, str] = field(default_factory=dict)
    packages: dict[str, set[str]] = field(default_factory=dict)
    left_out: dict[str, set[str]] = field(default_factory=dict)
    open: bool = False
    values: dict[str, str] = field(default_factory=dict)
    folder: str = "/"

    def copy(self) -> Contents:
        """What a stage built upon this one begins with."""
        installed = {name: set(names) for name, names in self.packages.items()}
        left_out = {name: set(names) for name, names in self.left_out.items()}
        return Contents(dict(self.files), installed, left_out, self.open, dict(self.values), self.folder)

    def package(self, sources: Sources, folder: str) -> dict[str, Any] | None:
        """The package.json that stands in a folder of the image."""
        source = self.files.get(posixpath.join(folder, "package.json"))
        if not source:
            return None
        try:
            package = json.loads(sources.text(source))
        except ValueError:
            return None
        return package if isinstance(package, dict) else None

    def installed_for(self, path: str) -> set[str]:
        """The packages that a program at a path finds: those of its folder and of every folder above it."""
        return {
            name
            for folder, names in self.packages.items()
            if f"{path}/".startswith(f"{folder.rstrip('/')}/")
            for name in names
        }


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
