"""Shows how a proof goes on: a bar on a terminal, a line for each scenario elsewhere."""

from __future__ import annotations

import threading

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from deploybook.proving.scenarios import Outcome


class Progress:
    """Prints a line for each scenario that does not hold, for each that holds too if ``verbose`` or without a terminal."""

    def __init__(self, console: Console, kind: str, total: int, *, verbose: bool) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._failed = 0
        live = console.is_terminal and not console.is_dumb_terminal
        self._verbose = verbose or not live
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failed]}", style="bold red"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Bar(*columns, console=console, disable=not live, transient=True)
        self._task = self._bar.add_task(kind, total=total, failed="")

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def ended(self, outcome: Outcome) -> None:
        """A scenario has ended."""
        with self._lock:
            self._failed += not outcome.holds
            if self._verbose or not outcome.holds:
                mark, style = ("✓", "green") if outcome.holds else ("✗", "bold red")
                text = f"{mark} {outcome.name} — {outcome.detail}" if outcome.detail else f"{mark} {outcome.name}"
                line = Text(f"{text} ({outcome.seconds:.1f} s)", style=style)
                self._bar.console.print(line, soft_wrap=True, highlight=False)
            self._bar.update(self._task, advance=1, failed=f"{self._failed} failed" if self._failed else "")
