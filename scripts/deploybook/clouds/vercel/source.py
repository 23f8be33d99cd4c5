"""What is deployed: a repository's branch, or the files of a folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deploybook.errors import InvalidValue

# What is made anew by a build, and what is private: the vault of this guide among it.
SKIPPED = frozenset({".git", "node_modules", ".next", ".vercel", "__pycache__", ".venv", "venv", ".deploybook"})


@dataclass(frozen=True)
class Source:
    """What is deployed: a GitHub repository's branch, or the files of a folder; exactly one is given."""

    repository: str = ""
    branch: str = "main"
    folder: Path | None = None

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The folder's files by path, without what is made or private (files that hold variables)."""
        assert self.folder is not None
        found = sorted(path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file())
        return {path.as_posix(): (self.folder / path).read_bytes() for path in found if _is_deployed(path)}

    def digest(self) -> str:
        """What tells one state of the files from another; for a repository its name and branch (what was pushed, CI deploys)."""
        if self.folder is None:
            return hashlib.sha256(f"{self.repository}@{self.branch}".encode()).hexdigest()[:16]
        parts = hashlib.sha256()
        for name, content in self.files.items():
            parts.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
        return parts.hexdigest()[:16]


def source(repository: str, branch: str, folder: str, *, instead: Path | None = None) -> Source:
    """The source that the parameters name; ``instead`` stands in where neither is given. Raises InvalidValue if both or none are."""
    if repository and folder:
        raise InvalidValue("Both git_repository and web_source are given.", "Give one: what is to be deployed.")
    if folder and not Path(folder).is_dir():
        raise InvalidValue(f"web_source names no folder: {folder}.", "Give the path of the web app's files.")
    chosen = Path(folder) if folder else None if repository else instead
    if not repository and chosen is None:
        raise InvalidValue(
            "Nothing to deploy is given.",
            "Give git_repository (<OWNER>/<NAME>) or web_source (a folder).",
            "vercel-source",
        )
    found = Source(repository, branch, chosen)
    if chosen and not found.files:
        raise InvalidValue(
            f"{chosen} holds no file to deploy.", "Give the path of the web app's files.", "vercel-source"
        )
    return found


def _is_deployed(path: Path) -> bool:
    holds_variables = path.name.startswith(".env") or path.suffix == ".env"
    return not holds_variables and not SKIPPED & set(path.parts)
