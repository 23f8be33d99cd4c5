"""Follows the log file of a container process line by line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

_INTERVAL = 0.1


async def follow(log: Path, finished: asyncio.Event, line: Callable[[str], None]) -> None:
    """Pass on each line that is appended to ``log``, until ``finished`` is set and everything was read."""
    rest = ""
    with log.open(encoding="utf-8", errors="replace") as file:
        while True:
            last = finished.is_set()
            *lines, rest = (rest + file.read()).split("\n")
            for text in lines:
                line(f"{text}\n")
            if last:
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(finished.wait(), _INTERVAL)
    if rest:
        line(f"{rest}\n")
