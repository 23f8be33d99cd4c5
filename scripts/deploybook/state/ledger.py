"""The ledger: which resources this tool made in an environment, oldest first. ``destroy`` removes these and nothing else.

An entry is written before the provider is asked, so that a run killed in between leaves an entry without a resource (harmless),
never a resource without an entry.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from deploybook.state.atomic import write_private


@dataclass(frozen=True)
class Made:
    """One resource: the section that made it, its kind and its name."""

    section: str
    kind: str
    name: str


class Ledger:
    """The resources made in one environment."""

    def __init__(self, directory: Path, environment: str) -> None:
        self.path = directory / f"{environment}.made.json"
        self._lock = FileLock(directory / f"{environment}.made.lock", mode=0o600)

    def entries(self) -> list[Made]:
        """What was made, oldest first."""
        if not self.path.exists():
            return []
        return [Made(**entry) for entry in json.loads(self.path.read_text(encoding="utf-8"))]

    def add(self, made: Made) -> None:
        """Note a resource that is about to be made; a second note of the same one changes nothing."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock:
            entries = self.entries()
            if made not in entries:
                self._write([*entries, made])

    def remove(self, made: Made) -> None:
        """Forget a resource that is gone."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock:
            entries = self.entries()
            if made in entries:
                self._write([entry for entry in entries if entry != made])

    def _write(self, entries: list[Made]) -> None:
        write_private(self.path, json.dumps([vars(entry) for entry in entries], indent=1) + "\n")
