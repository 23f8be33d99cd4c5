"""Where a runbook's lines go: into the notebook that runs it, or to a listener where no notebook is open (``deploybook doctor``)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle, display

from deploybook.runbook import markup
from deploybook.runbook.events import ENTRIES, WAIT, WATCHED_VARIABLE, Event, Table
from deploybook.runbook.summary import Summary

Listener = Callable[[Event], None]
_NOTHING = {"text/plain": "", "text/html": ""}
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def use_listener(listener: Listener) -> Iterator[None]:
    """Runbooks that are opened within, in this thread, tell the listener and display nothing."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class Screen:
    """What one runbook shows on, and all that it has shown.

    It keeps its listener: a resource is ensured in other threads too. Each cell that shows something brings the style along once, so that
    it is there whichever cells a notebook draws.
    """

    def __init__(self) -> None:
        self._listener = _listener.get()
        self._lock = threading.Lock()
        self._styled = -1
        self._waiting: DisplayHandle | None = None
        self._summarized = False
        self.shown: list[Event] = []

    def waits(self, text: str) -> None:
        """What is waited for now: for whoever watches a notebook that runs. One line, which changes until something is done."""
        if self._listener:
            return
        bundle = Event(WAIT, "note", text).bundle()
        if os.environ.get(WATCHED_VARIABLE):
            display(bundle, raw=True)
            return
        with self._lock:
            if self._waiting:
                self._waiting.update(bundle, raw=True)
            else:
                self._waiting = display(bundle, raw=True, display_id=True)

    def show(self, line: Event) -> None:
        """One line."""
        with self._lock:
            self.shown.append(line)
        if self._listener:
            self._listener(line)
        else:
            self._display(line.bundle())

    def table(self, table: Table) -> None:
        """A table; a listener has no use for it."""
        if not self._listener:
            self._display(table.bundle())

    def summary(self, summary: Summary) -> None:
        """What a run came to; a listener has no use for it."""
        self._summarized = True
        if not self._listener:
            self._display(summary.bundle())

    def error(self, message: str, hint: str, entry: str) -> None:
        """An error, in HTML alone: its text follows as every notebook shows an error. Behind a summary it would say the same again."""
        if not self._listener and not self._summarized:
            self._display({"text/html": markup.error(message, hint, entry, ENTRIES)})

    def _display(self, bundle: dict[str, Any]) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.update(_NOTHING, raw=True)
                self._waiting = None
            display(self._with_style(bundle), raw=True)

    def _with_style(self, bundle: dict[str, Any]) -> dict[str, Any]:
        cell = getattr(get_ipython(), "execution_count", -1)
        if cell == self._styled:
            return bundle
        self._styled = cell
        return bundle | {"text/html": markup.style() + bundle["text/html"]}
