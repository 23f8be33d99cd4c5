"""How a test waits: for an event, and for so long that only what never comes is given up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

# Reached only by what has failed: a machine with much else to do is slow, and that is no failure.
PATIENCE_SECONDS = 300.0
PAUSE_SECONDS = 0.05

Value = TypeVar("Value")


def until(
    read: Callable[[], Value | None], subject: str, seconds: float = PATIENCE_SECONDS, pause: float = PAUSE_SECONDS
) -> Value:
    """Call ``read`` until it gives something true, and give that; AssertionError that names ``subject`` if it never does."""
    deadline = time.monotonic() + seconds
    while not (value := read()):
        assert time.monotonic() < deadline, f"{subject}: not within {seconds:g} s"
        time.sleep(pause)
    return value


def let_clients_wait() -> None:
    """Have a client of httpx without a timeout of its own wait as long as a test does: its default is five seconds."""
    default = httpx._config.DEFAULT_TIMEOUT_CONFIG
    default.connect = default.read = default.write = default.pool = PATIENCE_SECONDS
