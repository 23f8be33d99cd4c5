"""One JSON record in one file: versioned, validated, replaced atomically under a lock, with a copy of the last good one beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from deploybook.errors import StateDamaged, VaultLocked
from deploybook.state.atomic import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK_SECONDS = 10.0


class Record(BaseModel):
    """The base of everything that a record file holds: immutable, and without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Versioned(Record):
    """A whole file. ``version`` is a Literal in each subclass; ``environment`` says whose it is."""

    version: int
    environment: str


State = TypeVar("State", bound=Versioned)


class RecordFile(Generic[State]):
    """The record of one environment in ``path``; ``backup`` is the last good one before it.

    ``migrate`` turns the JSON of an older format into this version's; it gives None for what it does not know.
    Every read raises StateDamaged for a file that is not whole, or that belongs to another environment.
    """

    def __init__(
        self,
        path: Path,
        backup: Path,
        empty: State,
        migrate: Callable[[Any], Mapping[str, Any] | None] = lambda _: None,
        remedy: str = "",
    ) -> None:
        self.path = path
        self.backup = backup
        self._empty = empty
        self._migrate = migrate
        self._remedy = remedy
        self._lock = FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS, mode=0o600)

    def read(self) -> State:
        """The record; an empty one if there never was a file."""
        text = self._text(self.path)
        if text is None and self._has_good_copy():
            # No run removes it: somebody did, or a copy of the folder lacks it.
            raise self._damaged("it is gone")
        return self._empty if text is None else self._parsed(text)

    @contextmanager
    def changing(self) -> Iterator[Callable[[State], None]]:
        """Hold the lock, and give the function that replaces the record. Raises VaultLocked if another run holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with self._lock:
                yield self._write
        except Timeout:
            raise VaultLocked(
                f"{self.path.name} is in use by another run.", "Wait for that run to end, then repeat this one."
            ) from None

    def change(self, edit: Callable[[State], State]) -> State:
        """Replace the record by what ``edit`` makes of it, and give that; nothing is written if it is the same."""
        with self.changing() as write:
            before = self.read()
            after = edit(before)
            if after != before:
                write(after)
        return after

    def _write(self, state: State) -> None:
        present = self._text(self.path)
        if present is not None:
            write_private(self.backup, present)
        write_private(self.path, state.model_dump_json(indent=1) + "\n")

    def _text(self, path: Path) -> str | None:
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as problem:
            raise self._damaged(f"it cannot be read ({type(problem).__name__})") from None

    def _parsed(self, text: str) -> State:
        problem, state = self._judged(text)
        if state is None:
            raise self._damaged(problem)
        return state

    def _judged(self, text: str) -> tuple[str, State | None]:
        """The record in ``text``, or why there is none."""
        if not text.strip():
            return "it is empty", None
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return "it is not JSON: it was cut off, or edited", None
        kind = type(self._empty)
        expected = self._empty.version
        if not isinstance(data, dict) or data.get("version") != expected:
            migrated = self._migrate(data)
            if migrated is None:
                version = data.get("version") if isinstance(data, dict) else None
                return (
                    f"it is of version {version}, and this deploybook reads {expected}"
                    if version
                    else "it holds no record"
                ), None
            data = migrated
        try:
            state = kind.model_validate(data)
        except ValidationError as invalid:
            place = ".".join(str(part) for part in invalid.errors()[0]["loc"])
            return f"{place or 'a field'} is not as it should be", None
        if state.environment != self._empty.environment:
            return f"it belongs to the environment {state.environment}", None
        return "", state

    def _has_good_copy(self) -> bool:
        text = self.backup.read_text(encoding="utf-8", errors="replace") if self.backup.is_file() else ""
        return self._judged(text)[1] is not None

    def _damaged(self, reason: str) -> StateDamaged:
        if self._has_good_copy():
            hint = f"Put the last good copy back: cp {self.backup} {self.path}"
        else:
            hint = f"There is no good copy: move it away with mv {self.path} {self.path}.damaged"
            hint += f", then {self._remedy}" if self._remedy else ""
        return StateDamaged(f"{self.path} cannot be used: {reason}.", f"{hint}.")
