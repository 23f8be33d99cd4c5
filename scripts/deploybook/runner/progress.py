"""Shows the progress of a run: live on a terminal (rich), in plain lines elsewhere."""

from __future__ import annotations

import time

from rich.console import Console
from rich.live import Live
from rich.text import Text

from deploybook.runbook.events import Event
from deploybook.runner.report import CellResult, RunReport, SectionResult

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
}
LONGEST = 3
MARKS = {"passed": "✓", "failed": "✗", "not-run": "–"}


class Progress:
    """Prints each line as it comes; on a terminal the last line changes and shows what runs now. A runner's Listener."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._running: dict[str, float] = {}
        # rich redraws it: a deploy takes minutes, in which no cell ends.
        live = Live(console=console, get_renderable=self._doing, refresh_per_second=4, transient=True)
        self._live = live if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def section_started(self, slug: str) -> None:
        """A section's notebook has started."""
        self._running[slug] = time.monotonic()
        if not self._live:
            self._console.print(f"{slug}: started", markup=False, highlight=False)

    def cell_done(self, slug: str, cell: CellResult) -> None:
        """Print the lines of a cell."""
        for data in cell.lines:
            line = Event(**data)
            self._print(f"{slug:<14} ", line.plain().replace("\n", "\n" + " " * 15), STYLES.get(line.outcome, ""))

    def section_done(self, result: SectionResult) -> None:
        """Print how a section ended."""
        self._running.pop(result.slug, None)
        style = {"passed": "green", "failed": "bold red"}.get(result.status, "dim")
        took = f" in {result.seconds:.1f} s" if result.seconds else ""
        self._print(f"{result.slug:<14} ", f"{MARKS[result.status]} {result.status}{took}", style)

    def _print(self, prefix: str, text: str, style: str) -> None:
        self._console.print(Text(prefix, style="dim") + Text(text, style=style), soft_wrap=True, highlight=False)

    def _doing(self) -> Text:
        now = time.monotonic()
        running = ", ".join(f"{slug} ({now - since:.0f} s)" for slug, since in self._running.items())
        return Text(f"running {running} …" if running else "", style="dim")


def summarize(console: Console, report: RunReport, directory: str) -> None:
    """The end of a run: one line in all, for each error its sentence, its hint and its link, and how long it took."""
    totals: dict[str, int] = {}
    for section in report.sections:
        for outcome, count in section.counts().items():
            totals[outcome] = totals.get(outcome, 0) + count
    # Nothing is counted where a section stopped before its first line.
    counted = ": " * bool(totals) + ", ".join(f"{count} {outcome}" for outcome, count in totals.items())
    passed = sum(section.status == "passed" for section in report.sections)
    console.print()
    for section in report.sections:
        if section.error:
            console.print(
                Text(f"{section.slug}: {section.error['message']}", style="bold red"), soft_wrap=True, highlight=False
            )
            if section.error["hint"]:
                console.print(f"  hint: {section.error['hint']}", markup=False, soft_wrap=True, highlight=False)
            if section.error["entry"]:
                console.print(
                    f"  see: docs/troubleshooting.md#{section.error['entry']}",
                    markup=False,
                    soft_wrap=True,
                    highlight=False,
                )
    console.print(
        f"{passed} of {len(report.sections)} sections passed ({report.mode}, {report.environment}){counted}",
        markup=False,
        soft_wrap=True,
        highlight=False,
    )
    kept = f"not written: {report.unwritten} {report.unwritten.hint}" if report.unwritten else directory
    console.print(f"executed copies and report: {kept}", markup=False, soft_wrap=True, highlight=False)
    console.print(_took(report), markup=False, soft_wrap=True, highlight=False)


def _took(report: RunReport) -> str:
    """Such as ``took 41.0 s; longest: modal deploy 12.3 s, render worker 6.0 s``; the cells' ids stand in the notebooks."""
    cells = ", ".join(f"{slug} {cell.id} {cell.seconds:.1f} s" for slug, cell in report.longest(LONGEST))
    return f"took {report.seconds:.1f} s" + (f"; longest: {cells}" if cells else "")
