"""Where a run is killed: which of its writing requests, and what becomes of that request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MODES = ("apply", "rotate", "verify", "destroy")
# A part of a path that is another one in each run: an id, an address, or the name of a check's scratch thing.
ISSUED = re.compile(r"(?=.*\d)[\w.:-]{12,}|\d{6,}")


class Kill(StrEnum):
    """When the run is killed, and what the provider does with the request that it had."""

    BEFORE = "killed before it is carried out"
    AFTER = "killed after it and before its answer"
    DURING = "carried out late: while the next run is at the same request"
    LATER = "carried out late: when the next run has ended"


@dataclass(frozen=True)
class Request:
    """The request number ``nth`` (from 0) of a run among those of one service, method and path (a pattern)."""

    service: str
    method: str
    path: str
    nth: int = 0

    def __str__(self) -> str:
        path = self.path.replace("\\", "").replace("[^/]+", "*")
        return f"{self.service} {self.method} {path}" + (f" #{self.nth + 1}" if self.nth else "")

    @property
    def kind(self) -> tuple[str, str, str]:
        """Service, method and path."""
        return self.service, self.method, self.path

    def is_in(self, journal: Iterable[Mapping[str, Any]]) -> bool:
        """Whether the journal has a request of this kind."""
        return any(
            entry["service"] == self.service
            and entry["method"] == self.method
            and re.fullmatch(self.path, entry["path"])
            for entry in journal
        )


@dataclass(frozen=True)
class Point:
    """A run of ``section`` in ``mode``, killed at one of its requests."""

    section: str
    mode: str
    request: Request
    kill: Kill

    def __str__(self) -> str:
        return f"{self.section} | {self.mode} | {self.request} | {self.kill}"


def writing(journal: Sequence[Mapping[str, Any]]) -> list[Request]:
    """The writing requests of a run, from its journal."""
    numbers: Counter[tuple[str, str, str]] = Counter()
    requests = []
    for entry in journal:
        kind = (entry["service"], entry["method"], _pattern(entry["path"]))
        if entry["writes"]:
            requests.append(Request(*kind, numbers[kind]))
        numbers[kind] += 1
    return requests


def first_of_each_kind(journal: Sequence[Mapping[str, Any]]) -> list[Request]:
    """The requests of a run, of each service, method and path the first."""
    kinds = ((entry["service"], entry["method"], _pattern(entry["path"])) for entry in journal)
    return [Request(*kind) for kind in dict.fromkeys(kinds)]


def _pattern(path: str) -> str:
    return "/".join("[^/]+" if ISSUED.fullmatch(part) else re.escape(part) for part in path.split("/"))
