"""The end of a runbook as a report: what was made, where it is, what was recorded, what is next."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deploybook.contract.definitions import Section
from deploybook.contract.model import Contract
from deploybook.contract.shown_commands import completed
from deploybook.runbook import markup
from deploybook.runbook.events import SIGNS, SUMMARY_MIME, Event, Table
from deploybook.runbook.modes import Mode

# In this order they are counted and listed.
CHANGES = ("create", "update", "delete", "would create", "would update", "would delete")
CLAIMS = ("passed", "failed", "not tested", "later", "left out")
WORDS = {"create": "created", "update": "updated", "delete": "deleted"}
# As the run's report has it: what comes later, with another section, leaves nothing incomplete.
UNFINISHED = frozenset({"not tested"})


@dataclass(frozen=True)
class Summary:
    """What one run came to. ``addresses``: the recorded values that a browser opens, by variable; ``next``: a command."""

    title: str
    changed: tuple[tuple[str, str, str], ...]
    counts: tuple[tuple[str, int], ...]
    failed: tuple[str, ...]
    addresses: tuple[tuple[str, str], ...]
    variables: Table | None
    next: str

    @classmethod
    def of(
        cls, title: str, events: Sequence[Event], variables: Table | None, next_step: str, *, live: bool = True
    ) -> Summary:
        """The summary of all lines that a runbook has shown. What is not ``live`` ended with its sandbox: nothing links there."""
        changed = [
            (outcome, event.subject, event.page) for outcome in CHANGES for event in events if event.outcome == outcome
        ]
        claims = [event for event in events if event.step in {"check", "preflight", "resource"}]
        tally = Counter(event.outcome for event in claims)
        counts = tuple((outcome, tally[outcome]) for outcome in (*CHANGES, *CLAIMS) if tally[outcome])
        failed = tuple(event.subject for event in claims if event.outcome == "failed")
        rows = variables.rows if variables else ()
        addresses = tuple((row[0], row[1]) for row in rows if live and row[1].startswith("https://"))
        return cls(title, tuple(changed), counts, failed, addresses, variables, next_step)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Summary:
        """The summary that ``bundle`` wrote as JSON."""
        table = data["variables"]
        return cls(
            data["title"],
            tuple((change[0], change[1], change[2]) for change in data["changed"]),
            tuple((count[0], count[1]) for count in data["counts"]),
            tuple(data["failed"]),
            tuple((row[0], row[1]) for row in data["addresses"]),
            table and Table(tuple(table["headings"]), tuple(map(tuple, table["rows"]))),
            data["next"],
        )

    def html(self) -> str:
        """The summary in one frame."""
        unfinished = any(outcome in UNFINISHED for outcome, _ in self.counts)
        state, sign = ("failed", "✗") if self.failed else ("incomplete", "○") if unfinished else ("passed", "✓")
        counted = ", ".join(f"{count} {markup.worded(outcome)}" for outcome, count in self.counts) or "nothing to do"
        parts = [
            f"<p><b>{sign} {html.escape(self.title)}</b>: {counted}</p>",
            _listed("What did not hold", map(html.escape, self.failed)),
            _listed("What was made", map(_change, self.changed)),
            _listed("Where it is", (f"{html.escape(name)}: {markup.link(url)}" for name, url in self.addresses)),
            f"<p><b>What was recorded</b></p>{markup.table(self.variables.headings, self.variables.rows)}"
            if self.variables
            else "",
            f"<p><b>What is next:</b> <code>{html.escape(self.next)}</code></p>" if self.next else "",
        ]
        return markup.block(f"db-summary db-{state}", parts)

    def bundle(self) -> dict[str, Any]:
        """The MIME bundle for ``display``. A terminal has the variables alone: each line above stands there already."""
        plain = {"text/plain": self.variables.plain()} if self.variables else {}
        return plain | {"text/html": self.html(), SUMMARY_MIME: asdict(self)}


def next_step(contract: Contract, section: Section, mode: Mode, environment: str, *, failed: bool) -> str:
    """The command that goes on from here; empty where there is none."""
    slug = section.slug
    return completed(_next(contract, slug, mode, failed=failed), contract, environment)


def _next(contract: Contract, slug: str, mode: Mode, *, failed: bool) -> str:
    if failed:
        return "deploybook doctor" if mode.live else f"deploybook run {slug}"
    match mode:
        case Mode.DRY_RUN:
            return f"deploybook run {slug} --mode plan"
        case Mode.PLAN:
            return f"deploybook run {slug} --mode apply"
        case Mode.APPLY:
            order = contract.order()
            after = order[order.index(slug) + 1 :]
            return f"deploybook run {after[0]} --mode apply" if after else "deploybook run --mode verify"
    return ""


def _change(change: tuple[str, str, str]) -> str:
    outcome, subject, page = change
    at = markup.link(page, "open it at the provider")
    return f"{SIGNS[outcome]} {markup.worded(outcome)} {html.escape(subject)}{f' ({at})' if at else ''}"


def _listed(heading: str, items: Iterable[str]) -> str:
    entries = "".join(f"<li>{item}</li>" for item in items)
    return f"<p><b>{heading}</b></p><ul>{entries}</ul>" if entries else ""
