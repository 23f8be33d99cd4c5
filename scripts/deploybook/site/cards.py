"""Tables that become cards on a phone: each cell knows the heading of its column, which the style sheet shows beside it."""

from __future__ import annotations

import html
import re

# As Python-Markdown writes a table of a page; one with a class is somebody's own.
_TABLE = re.compile(r"<table>\n(?P<head><thead>.*?</thead>)\n(?P<body><tbody>.*?</tbody>)\n</table>", re.DOTALL)
_HEADING = re.compile(r"<th(?: [^>]*)?>(?P<text>.*?)</th>", re.DOTALL)
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<td(?P<rest>[ >])")
_TAG = re.compile(r"<[^>]+>")


def with_labels(content: str) -> str:
    """A page's HTML with ``data-label`` at each cell of its tables."""
    return _TABLE.sub(_labelled, content)


def _labelled(match: re.Match[str]) -> str:
    labels = [html.unescape(_TAG.sub("", heading["text"])).strip() for heading in _HEADING.finditer(match["head"])]

    def row(cells: re.Match[str]) -> str:
        names = iter(labels)

        def cell(opening: re.Match[str]) -> str:
            return f'<td data-label="{html.escape(next(names, ""))}"{opening["rest"]}'

        return _CELL.sub(cell, cells[0])

    return f"<table>\n{match['head']}\n{_ROW.sub(row, match['body'])}\n</table>"
