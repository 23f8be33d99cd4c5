"""The log of all services: lines with strictly growing times, so that a page's edge never splits or repeats a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from deploybook.sandbox.render.state.identifiers import xid

TICK = timedelta(microseconds=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class LogLine:
    """One line and its labels (``resource``, ``type``, ``level`` and, once a container runs, ``instance``)."""

    id: str
    message: str
    timestamp: datetime
    labels: Mapping[str, str]


@dataclass(frozen=True)
class LogPage:
    """A page of lines; the two times are the range of the next one."""

    logs: list[LogLine]
    has_more: bool
    next_start_time: datetime
    next_end_time: datetime


@dataclass
class LogBook:
    """All lines, oldest first."""

    lines: list[LogLine] = field(default_factory=list)
    _last: datetime = _NEVER

    def write(self, resource: str, message: str, *, kind: str, level: str = "info", instance: str = "") -> None:
        """Add a line; ``kind`` is ``build`` or ``app``."""
        self._last = max(datetime.now(UTC), self._last + TICK)
        labels = {"resource": resource, "type": kind, "level": level}
        if instance:
            labels["instance"] = instance
        self.lines.append(LogLine(xid("log"), message, self._last, labels))

    def matching(
        self, start: datetime, end: datetime, filters: Mapping[str, Iterable[str]], texts: Iterable[str] = ()
    ) -> list[LogLine]:
        """Lines in the closed range with labels that match a pattern of every filter, and a text that matches one of ``texts``."""
        compiled = {name: [_pattern(text) for text in patterns] for name, patterns in filters.items()}
        words = [_pattern(text) for text in texts]

        def fits(line: LogLine) -> bool:
            in_labels = all(
                any(pattern.fullmatch(line.labels.get(name, "")) for pattern in patterns)
                for name, patterns in compiled.items()
                if patterns
            )
            return in_labels and (not words or any(word.search(line.message) for word in words))

        return [line for line in self.lines if start <= line.timestamp <= end and fits(line)]


def page(lines: list[LogLine], start: datetime, end: datetime, *, forward: bool, limit: int) -> LogPage:
    """The first ``limit`` lines in the given direction, and the range that holds the rest."""
    ordered = lines if forward else lines[::-1]
    if not ordered:
        return LogPage([], False, start, end)
    first = ordered[:limit]
    edge = first[-1].timestamp
    range_left = (edge + TICK, end) if forward else (start, edge - TICK)
    return LogPage(first, len(ordered) > limit, *range_left)


def _pattern(text: str) -> re.Pattern[str]:
    """``/…/`` is a regular expression; elsewhere ``*`` stands for anything (https://render.com/docs/logging)."""
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return re.compile(text[1:-1])
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.IGNORECASE)
