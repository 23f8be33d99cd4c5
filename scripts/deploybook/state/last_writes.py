"""A record of our own last write of each value that a provider never shows again.

Vercel, Modal and GitHub show a secret's name and a time, not its value. The record holds that time (or id, or mark) and salted
fingerprints of what was written, never a value. If a later read shows another time, somebody else has written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from deploybook.state.record_file import RecordFile, Versioned

Writes = dict[str, dict[str, str]]


class _LastWrites(Versioned):
    version: Literal[2] = 2
    writes: Writes = Field(default_factory=dict)


class LastWrites:
    """Records by key, such as ``modal:secret:render-auth``. Raises StateDamaged for a file that cannot be read whole."""

    def __init__(self, directory: Path, environment: str) -> None:
        path, earlier = directory / f"{environment}.last_writes.json", directory / f"{environment}.observed.json"
        self.path = earlier if earlier.exists() and not path.exists() else path
        remedy = "the next apply looks at what is there, or asks"
        backup, empty = directory / f"{environment}.last_writes.json.bak", _LastWrites(environment=environment)
        self._file = RecordFile(self.path, backup, empty, lambda data: _migrated(data, environment), remedy)

    def get(self, key: str) -> dict[str, str]:
        """The record of this key; empty if there is none."""
        return dict(self._file.read().writes.get(key, {}))

    def put(self, key: str, record: Mapping[str, str]) -> None:
        """Replace the record of this key."""
        self._change(lambda writes: writes | {key: dict(record)})

    def forget(self, key: str) -> None:
        """Remove the record of this key, if there is one."""
        self._change(lambda writes: {name: record for name, record in writes.items() if name != key})

    def _change(self, edit: Any) -> None:
        self._file.change(lambda state: state.model_copy(update={"writes": edit(state.writes)}))


def _migrated(data: Any, environment: str) -> dict[str, Any] | None:
    """Version 1: the records alone, by key."""
    if not isinstance(data, dict) or "version" in data or not all(isinstance(write, dict) for write in data.values()):
        return None
    return {"version": 2, "environment": environment, "writes": data}
