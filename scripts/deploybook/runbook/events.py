"""What a runbook shows: one line for each thing done or checked, in three forms at once.

A notebook shows the HTML, a terminal and CI the plain text, and the runner reads the event (``application/vnd.deploybook+json``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from deploybook.redact import without_controls
from deploybook.runbook import markup

# The step of an event that says what is waited for: for whoever watches, and kept nowhere.
WAIT = "wait"
# Set by the engine in the kernels whose lines it reads: it takes out what says what is waited for.
WATCHED_VARIABLE = "DEPLOYBOOK_WATCHED"
MIME = "application/vnd.deploybook+json"
# The same of a table, and of the summary of a run: the site makes its own HTML of them, and takes none from a notebook.
TABLE_MIME = "application/vnd.deploybook.table+json"
SUMMARY_MIME = "application/vnd.deploybook.summary+json"
# The troubleshooting page as seen from a notebook in ``runbooks/``; the engine and the site turn it into their own.
ENTRIES = "../docs/troubleshooting.md"

# The sign carries the meaning beside the word, so that neither colour nor a font is needed.
SIGNS = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "unchanged": "=",
    "left": "=",
    "absent": "=",
    "would create": "+",
    "would update": "~",
    "would delete": "-",
    "would record": "→",
    "recorded": "→",
    "kept": "=",
    "passed": "✓",
    "failed": "✗",
    "not tested": "○",
    "left out": "·",
    "later": "·",
    "note": "·",
    "manual": "☞",
}


@dataclass(frozen=True)
class Event:
    """One line. ``outcome`` is a key of SIGNS.

    ``step`` is ``resource``, ``preflight``, ``check``, ``record``, ``manual``, ``note`` or WAIT.

    A claim has one of five: it ``passed`` or ``failed``; it was ``not tested``, because something stood in the way, and then its section
    is incomplete; it was ``left out`` by the operator's choice; or it comes ``later``, with another section.
    """

    step: str
    outcome: str
    subject: str
    detail: str = ""
    entry: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    # Where the provider's dashboard shows the resource; empty where that is not known, and in a dry run.
    page: str = ""

    def __post_init__(self) -> None:
        # A provider's own words stand in them: no terminal is to act upon what they hold.
        object.__setattr__(self, "subject", without_controls(self.subject))
        object.__setattr__(self, "detail", without_controls(self.detail))

    def plain(self) -> str:
        """The line for a terminal."""
        word = "" if self.outcome in markup.SILENT else f"{markup.worded(self.outcome):<12} "
        text = f"{SIGNS[self.outcome]} {word}{self.subject}"
        if self.detail:
            text += f" — {self.detail}"
        if self.entry:
            text += f"\n  see docs/troubleshooting.md#{self.entry}"
        return text

    def html(self, entries: str = ENTRIES) -> str:
        """The line for a notebook, or for a page from which ``entries`` is the address of the troubleshooting page."""
        sign = SIGNS[self.outcome]
        return markup.line(sign, self.outcome, self.subject, self.detail, self.page, self.entry, entries)

    def bundle(self) -> dict[str, Any]:
        """The MIME bundle for ``display``."""
        return {"text/plain": self.plain(), "text/html": self.html(), MIME: asdict(self)}


@dataclass(frozen=True)
class Table:
    """A small table, such as what a section handed over."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def plain(self) -> str:
        """The table for a terminal, columns aligned."""
        grid = [self.headings, *self.rows]
        widths = [max(len(row[column]) for row in grid) for column in range(len(self.headings))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in grid
        )

    def html(self) -> str:
        """The table for a notebook."""
        return markup.block("db-rows", [markup.table(self.headings, self.rows)])

    def bundle(self) -> dict[str, Any]:
        """The MIME bundle for ``display``."""
        return {"text/plain": self.plain(), "text/html": self.html(), TABLE_MIME: asdict(self)}
