"""What a code cell showed, as HTML: the lines and tables of ``deploybook.runbook.events`` as they are, everything else as plain text."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deploybook.guide.links import resolve

# What deploybook.runbook.events makes: the only HTML that is taken over.
OURS = ("<div class='db-line", "<table class='db-table")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_HREF = re.compile(r"href='(?P<path>[^'#]*)#(?P<anchor>[^']*)'")

# The URL, as seen from the page, of a path of the checkout.
UrlOf = Callable[[str], str]


def outputs_html(outputs: Iterable[Mapping[str, Any]], source: str, url_of: UrlOf) -> str:
    """One region with all of a cell's outputs; empty if it showed nothing. ``source`` is the notebook's path in the checkout."""
    rendered = "".join(_merged(_one(output, source, url_of) for output in outputs))
    return f'<div class="db-output" role="group" aria-label="Output">\n{rendered}\n</div>\n' if rendered else ""


def _one(output: Mapping[str, Any], source: str, url_of: UrlOf) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return _pre(_text(output["text"]))
    if kind == "error":
        return _pre(_text(output.get("traceback") or f"{output['ename']}: {output['evalue']}", "\n"))
    data = output["data"]
    markup = _text(data.get("text/html", ""))
    if markup.startswith(OURS):
        return _HREF.sub(lambda match: _href(match, source, url_of), markup)
    return _pre(_text(data.get("text/plain", "")))


def _href(match: re.Match[str], source: str, url_of: UrlOf) -> str:
    """A link of ``deploybook.runbook.events`` is relative to the notebook; here it leads to the same thing in the site."""
    return f"href='{url_of(resolve(match['path'], source))}#{match['anchor']}'"


def _text(value: str | list[str], joint: str = "") -> str:
    return value if isinstance(value, str) else joint.join(value)


def _pre(text: str) -> str:
    cleaned = _ANSI.sub("", text).strip("\n")
    return f'<pre class="db-plain" tabindex="0">{html.escape(cleaned)}</pre>' if cleaned else ""


def _merged(parts: Iterable[str]) -> Iterable[str]:
    """The parts; an error that the runbook also printed is shown once."""
    last = ""
    for part in parts:
        if part != last:
            yield part
        last = part
