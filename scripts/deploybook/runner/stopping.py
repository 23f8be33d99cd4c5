"""Signals while sections run: the first stops each before its next request, the second at once; the report is written."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST = "stopping after the requests that are under way; once more (Ctrl-C) stops at once"
SECOND = "stopping at once"
_STANDARD_ERROR = 2


class Stoppable(Protocol):
    """What runs the sections; both may be called by a signal's handler."""

    def stop(self) -> None:
        """Stop each section before its next request."""

    def kill(self) -> None:
        """End each section at once."""


class Stop:
    """Whether a run is to stop: ``number`` is the signal that came, 0 as long as none did."""

    def __init__(self) -> None:
        self.number = 0

    @contextmanager
    def on_signals(self, sections: Stoppable) -> Iterator[None]:
        """Within, a signal stops the sections instead of raising; one that is ignored, as by nohup, stays so."""

        def handle(number: int, _: FrameType | None) -> None:
            first = not self.number
            self.number = self.number or number
            # Not through a buffered stream: the signal may have come while that was written to.
            with contextlib.suppress(OSError):
                os.write(_STANDARD_ERROR, f"\r{FIRST if first else SECOND}\n".encode())
            sections.stop() if first else sections.kill()

        answered = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, handle) for number in answered}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
