"""Follows the runs that the command line or an earlier server started, by what they write beside their reports."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploybook.runner.event_log import FILE
from deploybook.serve.feed import Feed
from deploybook.state.processes import is_alive

PAUSE_SECONDS = 0.5
# A run that was killed wrote no last line.
KILLED = {"kind": "ended", "exit_code": 137, "words": "The run was killed, or this machine was switched off."}


@dataclass
class _Watched:
    path: Path
    pid: int = 0
    position: int = 0
    rest: bytes = b""
    ended: bool = False
    announced: bool = False

    def new(self) -> list[dict[str, Any]]:
        """The whole lines that came since."""
        with self.path.open("rb") as file:
            file.seek(self.position)
            data = file.read()
        self.position += len(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        return [json.loads(line) for line in lines]


class Watch:
    """Looks into the folder of runs. ``own`` gives the processes whose runs come another way."""

    def __init__(self, runs: Path, feed: Feed, own: Callable[[], set[int]]) -> None:
        self._runs = runs
        self._feed = feed
        self._own = own
        self._watched: dict[Path, _Watched] = {}

    async def follow(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(PAUSE_SECONDS)

    def look(self) -> None:
        """Tell what is new."""
        for path in sorted(self._runs.glob(f"*/{FILE}")):
            watched = self._watched.setdefault(path, _Watched(path))
            if not watched.ended:
                try:
                    self._tell(watched)
                except (OSError, ValueError):
                    # Somebody has removed it, or it is no such file.
                    watched.ended = True

    def _tell(self, watched: _Watched) -> None:
        lines = watched.new()
        if not watched.announced and lines:
            watched.announced, watched.pid = True, int(lines[0].get("pid", 0))
            # What has ended is in the states of the sections.
            watched.ended = lines[-1]["kind"] == "run_done" or watched.pid in self._own() or not _goes_on(watched.pid)
            if watched.ended:
                return
            about = {name: lines[0].get(name) for name in ("mode", "environment", "sections")}
            self._feed.add({"kind": "run", "run": watched.path.parent.name, "own": False, **about})
        for line in lines:
            self._feed.add({**line, "run": watched.path.parent.name})
        if lines and lines[-1]["kind"] == "run_done":
            watched.ended = True
            self._feed.add(
                {"kind": "ended", "run": watched.path.parent.name, "exit_code": lines[-1]["exit_code"], "words": ""}
            )
        elif watched.announced and not _goes_on(watched.pid):
            watched.ended = True
            self._feed.add({**KILLED, "run": watched.path.parent.name})


def _goes_on(pid: int) -> bool:
    # A record without a number is of no process; 0 would ask for the own group.
    return pid > 0 and is_alive(pid)
