"""A run's events as lines of JSON: beside its report, for whoever watches it from another process, or to a program that asked for them.

Each line has a ``kind``. A cell's events come as they are shown, and all of them once more in its ``cell_done``: those are what counts.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from deploybook.runner.plan import Plan
from deploybook.runner.report import CellResult, RunReport, SectionResult

FILE = "events.jsonl"

Write = Callable[[dict[str, Any]], None]


class EventLines:
    """A runner's Listener that gives each event to ``write`` as data for JSON; called in several threads, it writes one at a time."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._lock = threading.Lock()

    def run_started(self, plan: Plan) -> None:
        """What runs: the first line."""
        self._say(
            "run_started", mode=str(plan.mode), environment=plan.environment, sections=plan.order(), pid=os.getpid()
        )

    def run_done(self, report: RunReport) -> None:
        """How it ended: the last line."""
        self._say("run_done", exit_code=report.exit_code)

    def section_started(self, slug: str) -> None:
        """A section's notebook has started."""
        self._say("section_started", section=slug)

    def cell_started(self, slug: str, cell: str) -> None:
        """A code cell has started."""
        self._say("cell_started", section=slug, cell=cell)

    def event_shown(self, slug: str, cell: str, data: Mapping[str, Any]) -> None:
        """A code cell that goes on has shown an event."""
        self._say("event", section=slug, cell=cell, event=dict(data))

    def cell_done(self, slug: str, cell: CellResult) -> None:
        """A code cell has ended."""
        self._say("cell_done", section=slug, cell=cell.id, seconds=cell.seconds, events=cell.lines)

    def section_done(self, result: SectionResult) -> None:
        """A section has ended, or will not run."""
        self._say("section_done", section=result.slug, status=result.status, seconds=result.seconds, error=result.error)

    def _say(self, kind: str, **data: Any) -> None:
        with self._lock:
            self._write({"kind": kind, **data})


class EventFile(EventLines):
    """The same, into a run's folder. Where the disk has no room the run goes on without it."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / FILE).open("a", encoding="utf-8")
        super().__init__(self._append)

    def close(self) -> None:
        """Nothing follows."""
        with suppress(OSError):
            self._file.close()

    def _append(self, line: dict[str, Any]) -> None:
        with suppress(OSError, ValueError):
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
