"""What a runbook shows: one line for each thing done or checked, in three forms at once.

A notebook shows the HTML, a terminal and CI the plain text, and the runner reads the event (``application/vnd.deploybook+json``).
"""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass, field
from typing import Any

from deploybook.redact import without_controls

# The step of an event that says what is waited for: for whoever watches, and kept nowhere.
WAIT = "wait"
MIME = "application/vnd.deploybook+json"

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

    def __post_init__(self) -> None:
        # A provider's own words stand in them: no terminal is to act upon what they hold.
        object.__setattr__(self, "subject", without_controls(self.subject))
        object.__setattr__(self, "detail", without_controls(self.detail))

    def plain(self) -> str:
        """The line for a terminal."""
        word = "" if self.outcome in {"passed", "failed"} else f"{self.outcome:<12} "
        text = f"{SIGNS[self.outcome]} {word}{self.subject}"
        if self.detail:
            text += f" — {self.detail}"
        if self.entry:
            text += f"\n  see docs/troubleshooting.md#{self.entry}"
        return text

    def html(self) -> str:
        """The line for a notebook."""
        kind = self.outcome.replace(" ", "-")
        word = "" if self.outcome in {"passed", "failed"} else f"<b>{html.escape(self.outcome)}</b> "
        detail = f" <span class='db-detail'>{html.escape(self.detail)}</span>" if self.detail else ""
        # As seen from the notebook, which is right in JupyterLab; the site turns it into its own.
        link = f"../docs/troubleshooting.md#{self.entry}"
        entry = f" <a class='db-entry' href='{link}'>{self.entry}</a>" if self.entry else ""
        # Where no word follows, the sign is one.
        spoken = "aria-hidden='true'" if word else f"role='img' aria-label='{kind}'"
        sign = f"<span class='db-sign' {spoken}>{SIGNS[self.outcome]}</span>"
        return f"<div class='db-line db-{kind}'>{sign} {word}{html.escape(self.subject)}{detail}{entry}</div>"

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
        head = "".join(f"<th scope='col'>{html.escape(heading)}</th>" for heading in self.headings)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows)
        return f"<table class='db-table'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def bundle(self) -> dict[str, Any]:
        """The MIME bundle for ``display``."""
        return {"text/plain": self.plain(), "text/html": self.html()}
