"""Which files of a checkout a build never sees."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

# What a build makes, and what is private: no host of this guide ever gets it.
NEVER = frozenset({".git", "node_modules", ".next", ".vercel", "__pycache__", ".venv", "venv", ".deploybook"})


def docker_context(checkout: Path, root: Path) -> dict[str, Path]:
    """The files that COPY may name: what a clone of the checkout has in ``root``, less its .dockerignore."""
    patterns = [line.strip() for line in _lines(root / ".dockerignore") if line.strip() and not line.startswith("#")]
    ignored = GitIgnoreSpec.from_lines(
        pattern if pattern.startswith("!") else f"/{pattern.lstrip('/')}" for pattern in patterns
    )
    return {path: file for path, file in cloned(checkout, root).items() if not ignored.match_file(path)}


def cloned(checkout: Path, root: Path) -> dict[str, Path]:
    """The files that a clone of the checkout has below a folder, by their paths from it."""
    if not (checkout / ".git").exists():
        # An unpacked archive: what is in it was committed, whatever .gitignore says.
        return dict(_files(root))
    prefix = f"{root.resolve().relative_to(checkout.resolve()).as_posix()}/".removeprefix("./")
    return {path[len(prefix) :]: file for path, file in git_checkout(checkout).items() if path.startswith(prefix)}


def git_checkout(root: Path) -> dict[str, Path]:
    """The files that a clone would have, as far as that can be told: the checkout less what .gitignore names."""
    ignored = GitIgnoreSpec.from_lines(_lines(root / ".gitignore"))
    tracked = _tracked(root)
    return {path: file for path, file in _files(root) if path in tracked or not ignored.match_file(path)}


def _tracked(root: Path) -> frozenset[str]:
    """The files that git tracks, some of which .gitignore may name; none where there is no repository or no git."""
    if not (root / ".git").exists():
        return frozenset()
    try:
        completed = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, check=False)
    except OSError:
        return frozenset()
    return frozenset(completed.stdout.decode(errors="replace").split("\0"))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NEVER)
        for name in sorted(names):
            file = Path(folder) / name
            # A link could lead out of the checkout.
            if file.is_file() and file.resolve().is_relative_to(root.resolve()):
                yield file.relative_to(root).as_posix(), file
