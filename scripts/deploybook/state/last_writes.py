"""What our own last write looked like at a provider, where the thing itself can never be read back.

A secret at Vercel, Modal or GitHub shows its name and a time, not its value. The record holds that time (or id) and salted fingerprints of
what was written, never a value: a later look that finds another time knows that somebody else wrote.
"""

from __future__ import annotations

import json
from pathlib import Path

from filelock import FileLock

from deploybook.state.atomic import write_private


class LastWrites:
    """Records by key, such as ``modal:secret:render-auth``, in ``<environment>.observed.json``."""

    def __init__(self, directory: Path, environment: str) -> None:
        self.path = directory / f"{environment}.observed.json"
        self._lock = FileLock(directory / f"{environment}.observed.lock", mode=0o600)

    def get(self, key: str) -> dict[str, str]:
        """The record of this key; empty if there is none."""
        return self._read().get(key, {})

    def put(self, key: str, record: dict[str, str]) -> None:
        """Replace the record of this key."""
        self._change(key, record)

    def forget(self, key: str) -> None:
        """Remove the record of this key, if there is one."""
        self._change(key, None)

    def _change(self, key: str, record: dict[str, str] | None) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock:
            records = self._read()
            records.pop(key, None)
            if record is not None:
                records[key] = record
            write_private(self.path, json.dumps(records, indent=1, sort_keys=True) + "\n")

    def _read(self) -> dict[str, dict[str, str]]:
        if not self.path.exists():
            return {}
        records: dict[str, dict[str, str]] = json.loads(self.path.read_text(encoding="utf-8"))
        return records
