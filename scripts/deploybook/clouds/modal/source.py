"""The application's Modal app as it lies on this machine: where it is, and whether it has changed since it was deployed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from deploybook.checkout.ignoring import git_checkout
from deploybook.errors import InvalidValue
from deploybook.layout import find_layout


@dataclass(frozen=True)
class Source:
    """One Python file that defines a Modal app, and the folder in which ``modal deploy`` runs: what lies there may be part of the app."""

    path: Path
    folder: Path

    @classmethod
    def at(cls, path: str, folder: str = "") -> Source:
        """The file at ``path``, deployed in ``folder`` (default: the file's own); relative ones are seen from the guide's checkout.

        Raises InvalidValue for what is no Python file, for what is no folder, and for a folder that does not hold the file.
        """
        root = find_layout().root
        file = root / Path(path).expanduser()
        if not file.is_file():
            raise InvalidValue(
                f"There is no file {path}.", "Set app_path to the Python file that defines the Modal app."
            )
        try:
            compile(file.read_text(encoding="utf-8"), file.name, "exec")
        except (SyntaxError, ValueError) as problem:
            raise InvalidValue(
                f"{path} is not a Python file: {problem}.", "Correct it, or set another app_path."
            ) from None
        place = root / Path(folder).expanduser() if folder else file.parent
        if not place.is_dir() or not file.resolve().is_relative_to(place.resolve()):
            raise InvalidValue(
                f"{folder} is not a folder that contains {path}.",
                "Set deploy_directory to the folder in which modal deploy runs, such as the root of the application's repository.",
            )
        return cls(file, place)

    def digest(self) -> str:
        """SHA-256 over the file's place and over names and contents of every file of the folder that a clone would have."""
        total = hashlib.sha256(self.path.resolve().relative_to(self.folder.resolve()).as_posix().encode())
        for name, file in sorted(git_checkout(self.folder).items()):
            total.update(f"\0{name}\0".encode())
            total.update(hashlib.sha256(file.read_bytes()).digest())
        return total.hexdigest()


def source_is_there(path: str, folder: str = "") -> str:
    """The app's file is there and is Python, and the folder holds it."""
    return f"version {Source.at(path, folder).digest()[:12]}"
