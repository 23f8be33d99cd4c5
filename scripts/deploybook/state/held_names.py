"""The names of the variables in a vault, in a file beside it. They tell a vault that is gone from one that never existed.

``<environment>.held.json`` is ``{"backend": "file" or "keyring", "names": [...]}``, without values. A name is added after its value is
stored and removed before its value is, so that a run killed in between never makes a whole vault look like a lost one.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from deploybook.errors import VaultUnreadable
from deploybook.state.atomic import remove_durably, write_private


@dataclass(frozen=True)
class Held:
    """The names that a vault holds, and the backend that holds them."""

    backend: str = ""
    names: frozenset[str] = frozenset()


class HeldNames:
    """The record of one environment. The vault's lock is held by whoever writes."""

    def __init__(self, directory: Path, environment: str) -> None:
        self.path = directory / f"{environment}.held.json"

    def read(self) -> Held:
        """What is recorded; nothing if there is no record. Raises VaultUnreadable for a damaged one."""
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            return Held(str(data["backend"]), frozenset(map(str, data["names"])))
        except FileNotFoundError:
            return Held()
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as problem:
            raise VaultUnreadable(
                f"{self.path} cannot be read ({type(problem).__name__}): it lists the names in the vault.",
                f"If the vault beside it is whole, run rm {shlex.quote(str(self.path))}: the next write makes it again.",
            ) from None

    def write(self, backend: str, names: Collection[str]) -> None:
        """Replace the record; without names there is none."""
        record = Held(backend, frozenset(names))
        if not names:
            remove_durably(self.path)
        elif record != self.read():
            write_private(self.path, json.dumps({"backend": backend, "names": sorted(names)}, indent=1) + "\n")
