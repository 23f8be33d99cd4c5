"""What a code cell showed, as HTML: made anew from the data of its lines, tables and summary; of everything else the plain text alone."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deploybook.guide.links import resolve
from deploybook.runbook import markup
from deploybook.runbook.events import ENTRIES, MIME, SUMMARY_MIME, TABLE_MIME, Event, Table
from deploybook.runbook.summary import Summary

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

# The URL, as seen from the page, of a path of the checkout.
UrlOf = Callable[[str], str]


def outputs_html(outputs: Iterable[Mapping[str, Any]], source: str, url_of: UrlOf) -> str:
    """One region with all of a cell's outputs; empty if it showed nothing. ``source`` is the notebook's path in the checkout."""
    entries = url_of(resolve(ENTRIES, source))
    rendered = "".join(_merged(_one(output, entries) for output in outputs))
    return f'<div class="db-output" role="group" aria-label="Output">\n{rendered}\n</div>\n' if rendered else ""


def _one(output: Mapping[str, Any], entries: str) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return _error(_text(output["text"]), entries)
    if kind == "error":
        return _error(_text(output.get("traceback") or f"{output['ename']}: {output['evalue']}", "\n"), entries)
    data = output["data"]
    if MIME in data:
        return Event(**data[MIME]).html(entries)
    if SUMMARY_MIME in data:
        return Summary.from_data(data[SUMMARY_MIME]).html()
    if TABLE_MIME in data:
        return Table(**data[TABLE_MIME]).html()
    return _pre(_text(data.get("text/plain", "")))


def _error(text: str, entries: str) -> str:
    """An error of ours as ``deploybook.runbook.ipython`` shows it: its message, then hint and entry; any other as plain text."""
    message, *rest = _ANSI.sub("", text).strip("\n").split("\n")
    parts = dict(line.split(": ", 1) for line in rest if line.startswith(("hint: ", "see: ")))
    if len(parts) != len(rest) or not parts:
        return _pre(text)
    return markup.error(message, parts.get("hint", ""), parts.get("see", "").rpartition("#")[2], entries)


def _text(value: str | list[str], joint: str = "") -> str:
    return value if isinstance(value, str) else joint.join(value)


def _pre(text: str) -> str:
    cleaned = _ANSI.sub("", text).strip("\n")
    return f'<pre class="db-plain" tabindex="0">{html.escape(cleaned)}</pre>' if cleaned else ""


def _merged(parts: Iterable[str]) -> Iterable[str]:
    """The parts; an error that the runbook also printed is shown once."""
    last = ""
    for part in filter(None, parts):
        if part != last:
            yield part
        last = part
