"""The HTML that a runbook shows: its parts, and the style that makes them look the same in JupyterLab, VS Code, nbviewer and on the site.

Every text in it is escaped: what a provider said is text. There is no script. Where a host strips style sheets, as JupyterLab does of a
notebook that it does not trust and GitHub of every one, what is left reads as a sentence, and its sign has a colour of its own.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources

# Colours that can be read on white and on black, written as JupyterLab's sanitizer lets them through (apputils/src/sanitizer.ts).
_GOOD, _CHANGE, _BAD, _WAIT = "#2e7d46", "#2f76c0", "#c8503f", "#857000"
_TONES = {
    "passed": _GOOD,
    "unchanged": _GOOD,
    "create": _CHANGE,
    "update": _CHANGE,
    "delete": _CHANGE,
    "recorded": _CHANGE,
    "failed": _BAD,
    "not tested": _WAIT,
    "later": _WAIT,
    "manual": _WAIT,
}
# Outcomes whose sign says it all.
SILENT = frozenset({"passed", "failed"})
# Outcomes that are shown by another word: what a line reports is done.
_WORDS = {"create": "created", "update": "updated", "delete": "deleted", "manual": "by hand"}


def worded(outcome: str) -> str:
    """The word that a reader sees for an outcome."""
    return _WORDS.get(outcome, outcome)


@cache
def style() -> str:
    """The style sheet, as an element."""
    return f"<style>{stylesheet()}</style>"


@cache
def stylesheet() -> str:
    """The rules alone, for a page that links to them."""
    return resources.files(__package__).joinpath("report.css").read_text(encoding="utf-8")


def line(sign: str, outcome: str, subject: str, detail: str, page: str, entry: str, entries: str) -> str:
    """One thing done or checked. ``page`` is its address at the provider, ``entries`` the address of the troubleshooting page."""
    word = "" if outcome in SILENT else f"<b class='db-state'>{html.escape(worded(outcome))}</b> "
    parts = [
        f"{_sign(sign, outcome, spoken=not word)} {word}<span class='db-subject'>{html.escape(subject)}</span>",
        f"<span class='db-detail'>— {html.escape(detail)}</span>" if detail else "",
        f"({link(page, 'open it at the provider')})" if link(page) else "",
        f"see {entry_link(entry, entries)}" if entry else "",
    ]
    return f"<div class='db-report db-line db-{kind(outcome)}'>{' '.join(filter(None, parts))}</div>"


def error(message: str, hint: str, entry: str, entries: str) -> str:
    """An error of ours: what failed, what to do, the entry."""
    parts = [
        f"{_sign('✗', 'failed', spoken=True)} <b>{html.escape(message)}</b>",
        f"What to do: {html.escape(hint)}" if hint else "",
        f"More: {entry_link(entry, entries)}" if entry else "",
    ]
    return block("db-error db-failed", (f"<p>{part}</p>" for part in parts if part))


def block(classes: str, parts: Iterable[str]) -> str:
    """Several parts in one frame."""
    return f"<div class='db-report {classes}'>{''.join(parts)}</div>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A small table of texts."""
    head = "".join(f"<th scope='col'>{html.escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table class='db-table'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def link(address: str, text: str = "") -> str:
    """A link to an https address, which opens in a tab of its own; empty for any other: no provider's answer leads elsewhere."""
    if not address.startswith("https://"):
        return ""
    quoted = html.escape(address)
    return f"<a class='db-page' href='{quoted}' target='_blank' rel='noopener noreferrer'>{html.escape(text) or quoted}</a>"


def entry_link(entry: str, entries: str) -> str:
    """A link to a troubleshooting entry."""
    return f"<a class='db-entry' href='{html.escape(f'{entries}#{entry}')}'>{html.escape(entry)}</a>"


def kind(outcome: str) -> str:
    """The outcome as a class."""
    return outcome.replace(" ", "-")


def _sign(sign: str, outcome: str, *, spoken: bool) -> str:
    # Where no word follows, the sign is one.
    name = f"role='img' aria-label='{kind(outcome)}'" if spoken else "aria-hidden='true'"
    colour = f" style='color: {_TONES[outcome]}'" if outcome in _TONES else ""
    return f"<span class='db-sign' {name}{colour}>{sign}</span>"
