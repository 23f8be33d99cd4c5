"""What is deployed: a repository's branch, or the files of a folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pathspec import GitIgnoreSpec

from deploybook.errors import InvalidValue
from deploybook.layout import find_layout

# What is made anew by a build, and what is private: the vault of this guide among it.
SKIPPED = frozenset({".git", "node_modules", ".next", ".vercel", "__pycache__", ".venv", "venv", ".deploybook"})


@dataclass(frozen=True)
class Source:
    """What is deployed: a GitHub repository's branch, or the files of a folder; neither where nothing will be."""

    repository: str = ""
    branch: str = "main"
    folder: Path | None = None

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The folder's files by path, without what is made or private (files that hold variables), and without what is ignored.

        As by `vercel deploy`: .vercelignore says what is ignored, and .gitignore where there is none
        (https://vercel.com/docs/deployments/vercel-ignore).
        """
        assert self.folder is not None
        ignored = _ignored(self.folder)
        paths = {path.relative_to(self.folder).as_posix(): path for path in sorted(self.folder.rglob("*"))}
        return {
            name: path.read_bytes()
            for name, path in paths.items()
            if path.is_file() and self._is_deployed(path) and not ignored.match_file(name)
        }

    def _is_deployed(self, path: Path) -> bool:
        assert self.folder is not None
        # A link is judged by what it leads to: it could lead out of the folder, or to a file that is kept back.
        target = path.resolve()
        if not target.is_relative_to(self.folder):
            return False
        names = {*path.relative_to(self.folder).parts, *target.relative_to(self.folder).parts}
        return not names & SKIPPED and not any(name.startswith(".env") or name.endswith(".env") for name in names)

    def digest(self) -> str:
        """What tells one state of the files from another; for a repository its name and branch (what was pushed, CI deploys)."""
        if self.folder is None:
            return hashlib.sha256(f"{self.repository}@{self.branch}".encode()).hexdigest()[:16]
        parts = hashlib.sha256()
        for name, content in self.files.items():
            parts.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
        return parts.hexdigest()[:16]


def _ignored(folder: Path) -> GitIgnoreSpec:
    for name in (".vercelignore", ".gitignore"):
        if (folder / name).is_file():
            return GitIgnoreSpec.from_lines((folder / name).read_text(encoding="utf-8", errors="replace").splitlines())
    return GitIgnoreSpec.from_lines([])


def source(repository: str, branch: str, folder: str, *, instead: Path | None = None, needed: bool = True) -> Source:
    """The source that the parameters name: the folder, else the repository; ``instead`` stands in where neither is given.

    A relative folder is seen from the guide's checkout. The worker and CI need the repository where the web app is deployed from a
    folder, too. Raises InvalidValue if neither is given though one is ``needed``.
    """
    if repository and not folder:
        return Source(repository, branch)
    chosen = find_layout().root / Path(folder).expanduser() if folder else instead
    if chosen is None:
        if not needed:
            return Source()
        raise InvalidValue(
            "Neither git_repository nor web_source is set.",
            "Set git_repository (<OWNER>/<NAME>) or web_source (a folder).",
            "vercel-source",
        )
    if not chosen.is_dir():
        raise InvalidValue(f"web_source is not a folder: {folder}.", "Set it to the path of the web app's files.")
    source = Source(folder=chosen.resolve())
    if not source.files:
        raise InvalidValue(
            f"{folder} contains no file to deploy.", "Set it to the path of the web app's files.", "vercel-source"
        )
    return source
