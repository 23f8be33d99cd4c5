"""What has happened, in order: the pages get all of it when they open, and then each line as it comes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

# Beyond it the oldest are forgotten: a whole apply has some five hundred.
KEPT = 20_000
# A comment from time to time: what stands between closes a connection that is silent for a minute.
HEARTBEAT_SECONDS = 15.0


class Feed:
    """Numbered lines of data for JSON. ``clean`` takes secrets and control characters out of each."""

    def __init__(self, clean: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._clean = clean
        self._lines: list[tuple[int, str]] = []
        self._count = 0
        self._came = asyncio.Event()

    def add(self, line: dict[str, Any]) -> None:
        """Tell every page."""
        self._count += 1
        self._lines.append((self._count, json.dumps(self._clean(line), ensure_ascii=False)))
        del self._lines[:-KEPT]
        self._came.set()
        self._came = asyncio.Event()

    def lines(self) -> list[dict[str, Any]]:
        """All that is kept."""
        return [json.loads(line) for _, line in self._lines]

    async def events(self, after: int) -> AsyncIterator[str]:
        """The lines behind this number, and those to come, as server-sent events (HTML, "server-sent events")."""
        opened = True
        while True:
            came = self._came
            new = [(number, line) for number, line in self._lines if number > after]
            for after, line in new:
                yield f"id: {after}\ndata: {line}\n\n"
            if new or opened:
                # The page draws what was there at the start in one go, also if the connection broke before the end of it.
                yield f"event: caught-up\nid: {after}\ndata: {{}}\n\n"
            opened = False
            try:
                await asyncio.wait_for(came.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
