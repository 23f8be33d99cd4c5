"""What the containers of an app print, and what Modal says about them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

STDOUT, STDERR, SYSTEM = 1, 2, 3


@dataclass(frozen=True)
class Line:
    """One printed line with its newline."""

    at: float
    text: str
    function_id: str
    task_id: str
    descriptor: int


@dataclass
class LogBook:
    """The lines of one app, oldest first."""

    lines: list[Line] = field(default_factory=list)
    added: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, text: str, function_id: str = "", task_id: str = "", descriptor: int = STDOUT) -> None:
        """Append a line and wake those who follow."""
        self.lines.append(Line(time.time(), text, function_id, task_id, descriptor))
        self.added.set()
        self.added = asyncio.Event()

    def between(
        self, since: float, until: float, *, function_id: str = "", task_id: str = "", source: int = 0, search: str = ""
    ) -> list[Line]:
        """The lines of a time range that pass the filters."""
        return [
            line
            for line in self.lines
            if since <= line.at < until
            and (not function_id or line.function_id == function_id)
            and (not task_id or line.task_id == task_id)
            and (not source or line.descriptor == source)
            and search in line.text
        ]
