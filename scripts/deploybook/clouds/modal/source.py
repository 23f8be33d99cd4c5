"""The application's Modal app as it lies on this machine: where it is, and whether it has changed since it was deployed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploybook.errors import InvalidValue
from deploybook.layout import find_layout

# What lies beside an app and is no part of it.
LEFT_OUT = frozenset({"__pycache__", "node_modules"})


@dataclass(frozen=True)
class Source:
    """One Python file that defines a Modal app; what lies in its folder may be part of it."""

    path: Path

    @classmethod
    def at(cls, path: str) -> Source:
        """The file at ``path``, a relative one seen from the guide's checkout; raises InvalidValue if it is no Python file."""
        file = find_layout().root / Path(path).expanduser()
        if not file.is_file():
            raise InvalidValue(
                f"There is no file {path}.", "Give app_path: the Python file that defines the Modal app."
            )
        try:
            compile(file.read_text(encoding="utf-8"), file.name, "exec")
        except (SyntaxError, ValueError) as problem:
            raise InvalidValue(
                f"{path} is no Python file: {problem}.", "Correct it, or give another app_path."
            ) from None
        return cls(file)

    def digest(self) -> str:
        """SHA-256 over names and contents of every file of the app's folder, hidden ones left out."""
        folder = self.path.parent
        total = hashlib.sha256(self.path.name.encode())
        for path in sorted(_files(folder)):
            total.update(f"\0{path.relative_to(folder).as_posix()}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
        return total.hexdigest()


def source_is_there(path: str) -> str:
    """The app's file is there and is Python."""
    return f"version {Source.at(path).digest()[:12]}"


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name in LEFT_OUT:
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path
