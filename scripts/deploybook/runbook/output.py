"""Where a runbook's lines go: into the notebook that runs it, or to a listener where no notebook is open (``deploybook doctor``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from IPython.display import display

from deploybook.runbook.events import WAIT, Event, Table

Listener = Callable[[Event], None]
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
    """What one runbook shows on. It keeps its listener: a resource is ensured in other threads too."""

    def __init__(self) -> None:
        self._listener = _listener.get()

    def waits(self, text: str) -> None:
        """What is waited for now: for whoever watches a notebook that runs."""
        if not self._listener:
            self.show(Event(WAIT, "note", text))

    def show(self, line: Event) -> None:
        """One line."""
        if self._listener:
            self._listener(line)
        else:
            display(line.bundle(), raw=True)

    def table(self, table: Table) -> None:
        """What was handed over; a listener has no use for it."""
        if not self._listener:
            display(table.bundle(), raw=True)
