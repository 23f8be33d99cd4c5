"""Shows the progress of a run: live on a terminal (rich), in plain lines elsewhere.

Each line of a section is printed when it is shown. Below them a terminal has what runs now, redrawn: what each section is doing and for how
long, how long it usually takes, and what is waited for. Elsewhere, in CI or with TERM=dumb, there are the lines alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from deploybook.runbook.events import Event
from deploybook.runbook.markup import worded
from deploybook.runner.report import CellResult, RunReport, SectionResult
from deploybook.runner.wrapping import wrapped

STYLES = {
    "passed": "green",
    "failed": "bold red",
    "create": "cyan",
    "update": "yellow",
    "delete": "magenta",
    "would create": "cyan",
    "would update": "yellow",
    "would delete": "magenta",
    "manual": "bold yellow",
    "not tested": "bold yellow",
}
LONGEST = 3
MARKS = {"passed": "✓", "incomplete": "○", "failed": "✗", "not-run": "–"}
NAMED = 14
# From so many seconds on a step is said to be waited for.
WAITS = 5.0


@dataclass
class _Running:
    """A section that runs: since when, the step that it is at, and what it showed last."""

    since: float
    step: str = ""
    doing: str = ""
    changed: float = 0.0
    # How many lines of the present cell were printed already.
    printed: dict[str, int] = field(default_factory=dict)


class Progress:
    """Prints each line as it comes; on a terminal the last lines change and show what runs now. A runner's Listener.

    ``total`` is the number of sections, ``usual`` the seconds that each usually takes, where that is known.
    """

    def __init__(self, console: Console, total: int = 0, usual: Mapping[str, float] = MappingProxyType({})) -> None:
        self._console = console
        self._total = total
        self._usual = usual
        self._ended: set[str] = set()
        self._began = time.monotonic()
        self._running: dict[str, _Running] = {}
        # rich redraws it: a deploy takes minutes, in which no cell ends.
        live = Live(console=console, get_renderable=self._now, refresh_per_second=2, transient=True)
        self._live = live if console.is_terminal and not console.is_dumb_terminal else None

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the end of the terminal to a question."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    def section_started(self, slug: str) -> None:
        """A section's notebook has started."""
        now = time.monotonic()
        self._running[slug] = _Running(now, changed=now)
        if not self._live:
            self._console.print(f"{slug}: started", markup=False, highlight=False)

    def cell_started(self, slug: str, cell: str) -> None:
        """A section has come to its next step."""
        if section := self._running.get(slug):
            section.step, section.doing, section.changed = cell, "", time.monotonic()

    def event_shown(self, slug: str, cell: str, data: Mapping[str, Any]) -> None:
        """Print a line while its cell goes on; one that says what is waited for is shown below only."""
        event = Event(**data)
        if section := self._running.get(slug):
            section.doing, section.changed = event.subject, time.monotonic()
            if event.step == "wait":
                return
            section.printed[cell] = section.printed.get(cell, 0) + 1
        self._line(slug, event)

    def cell_done(self, slug: str, cell: CellResult) -> None:
        """Print the lines of a cell that were not printed when they were shown."""
        section = self._running.get(slug)
        printed = section.printed.pop(cell.id, 0) if section else 0
        for data in cell.lines[printed:]:
            self._line(slug, Event(**data))

    def section_done(self, result: SectionResult) -> None:
        """Print how a section ended."""
        self.ended(result.slug)
        style = {"passed": "green", "incomplete": "bold yellow", "failed": "bold red"}.get(result.status, "dim")
        took = f" in {result.seconds:.1f} s" if result.seconds else ""
        self._print(f"{result.slug:<{NAMED}} ", f"{MARKS[result.status]} {result.status}{took}", style)

    def ended(self, slug: str) -> None:
        """Show a section among those that run no more."""
        self._running.pop(slug, None)
        self._ended.add(slug)

    def prints(self, event: Event) -> bool:
        """Whether an event has a line of its own; all of them have."""
        del event
        return True

    def _line(self, slug: str, event: Event) -> None:
        if self.prints(event):
            self._print(f"{slug:<{NAMED}} ", event.plain(), STYLES.get(event.outcome, ""))

    def _print(self, prefix: str, text: str, style: str) -> None:
        indent = " " * len(prefix)
        if self._console.is_terminal:
            # Two columns more: what follows the sign and the word stays behind them.
            text = wrapped(text, self._console.width - len(prefix), "  ")
        body = Text(text.replace("\n", "\n" + indent), style=style)
        self._console.print(Text(prefix, style="dim") + body, soft_wrap=True, highlight=False)

    def _now(self) -> Group:
        """The lines at the end of a terminal: the run as a whole, then each section that runs."""
        now = time.monotonic()
        lines = [self._whole(now), *(self._section(slug, state, now) for slug, state in self._running.items())]
        for line in lines:
            line.truncate(max(self._console.width - 1, 1), overflow="ellipsis")
        return Group(*lines) if self._running else Group()

    def _whole(self, now: float) -> Text:
        count = f"{len(self._ended)} of {self._total} sections done, " if self._total else ""
        return Text(f"── {count}{_clock(now - self._began)} so far", style="dim")

    def _section(self, slug: str, section: _Running, now: float) -> Text:
        usual = f" of usually {_clock(self._usual[slug])}" if slug in self._usual else ""
        silent = now - section.changed
        waits = f" ({_clock(silent)})" if silent >= WAITS else ""
        doing = section.doing or section.step or "starting"
        line = Text(f"{slug:<{NAMED}} ", style="bold")
        line.append(f"{_clock(now - section.since)}{usual}", style="dim")
        return line.append(f"  {doing}{waits}")


def _clock(seconds: float) -> str:
    """Such as ``0:07`` or ``12:30``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def summarize(console: Console, report: RunReport, directory: str) -> None:
    """The end of a run: one line in all, for each error its sentence, its hint and its link, and how long it took."""
    totals: dict[str, int] = {}
    for section in report.sections:
        for outcome, count in section.counts().items():
            totals[outcome] = totals.get(outcome, 0) + count
    # Notes accompany what is counted.
    totals.pop("note", None)
    # Nothing is counted where a section stopped before its first line.
    counted = ": " * bool(totals) + ", ".join(f"{count} {worded(outcome)}" for outcome, count in totals.items())
    passed = sum(section.status == "passed" for section in report.sections)
    incomplete = sum(section.status == "incomplete" for section in report.sections)
    apart = f", {incomplete} incomplete" * bool(incomplete)
    _say(console, "")
    for section in report.sections:
        if section.error:
            _say(console, f"{section.slug}: {section.error['message']}", style="bold red")
            if section.error["hint"]:
                _say(console, f"  hint: {section.error['hint']}")
            if section.error["entry"]:
                _say(console, f"  see: docs/troubleshooting.md#{section.error['entry']}")
    sections = f"{passed} of {len(report.sections)} sections passed{apart}"
    _say(console, f"{sections} ({report.mode}, {report.environment}){counted}")
    kept = f"not written: {report.unwritten} {report.unwritten.hint}" if report.unwritten else directory
    _say(console, f"executed copies and report: {kept}")
    _say(console, _took(report))


def _say(console: Console, text: str, style: str = "") -> None:
    if console.is_terminal:
        text = wrapped(text, console.width, "    ")
    console.print(Text(text, style=style), soft_wrap=True, highlight=False)


def _took(report: RunReport) -> str:
    """Such as ``took 41.0 s; longest: modal deploy 12.3 s, render worker 6.0 s``; the cells' ids stand in the notebooks."""
    cells = ", ".join(f"{slug} {cell.id} {cell.seconds:.1f} s" for slug, cell in report.longest(LONGEST))
    return f"took {report.seconds:.1f} s" + (f"; longest: {cells}" if cells else "")
