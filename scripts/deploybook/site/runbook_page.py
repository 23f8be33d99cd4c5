"""A runbook's page: its text, its parameters, how to run it, and each cell with what the latest dry run showed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deploybook.guide.guide import Guide
from deploybook.guide.links import into_site, move
from deploybook.guide.markdown import fenced
from deploybook.site import undo
from deploybook.site.outputs import UrlOf, outputs_html
from deploybook.site.parameters import parameters_table
from deploybook.site.run_commands import every_way
from deploybook.site.verified import verified_line

# In seconds.
MOMENT = 0.05
# The parameters stand in the table; the cell that papermill injects repeats the command line.
HIDDEN = frozenset({"title", "parameters", "injected-parameters"})


def page_path(slug: str) -> str:
    """Where the page would stand in the checkout if it were a file."""
    return f"docs/runbooks/{slug}.md"


def runbook_page(guide: Guide, slug: str, url_of: UrlOf) -> str:
    """The Markdown of the page; from the executed copy of the latest dry run, or, before the first, from the runbook itself."""
    source = f"runbooks/{slug}.ipynb"
    executed = guide.executed(slug)
    cells = json.loads((executed or guide.layout.notebook(slug)).read_text(encoding="utf-8"))["cells"]
    title = next((_source(cell) for cell in cells if "title" in _tags(cell)), f"# {guide.contract.section(slug).title}")
    parts = [
        move(title, source, page_path(slug), into_site),
        verified_line(guide, slug),
        buttons(slug),
        "## Run it",
        every_way(guide, slug),
        "## Parameters",
        parameters_table(guide, slug),
        "## What it changes",
        undo.changes(guide, slug),
        "## Undo it",
        undo.undo(guide, slug, page_path(slug)),
        "## The notebook, cell by cell",
        *(move(text, source, page_path(slug), into_site) for text in told(cells, source, url_of)),
    ]
    return "\n\n".join(parts)


def told(cells: list[dict[str, Any]], source: str, url_of: UrlOf) -> list[str]:
    """Each cell that is shown, with its outputs; links are still as in the notebook ``source``."""
    return [_cell(cell, source, url_of) for cell in _shown(cells)]


def buttons(slug: str) -> str:
    """The notebook itself: to be seen as it is written, to be downloaded, to be opened and run."""
    return (
        f"[View the source]({slug}.ipynb.txt){{ .md-button }} "
        f'[Download the notebook]({slug}.ipynb){{ .md-button download="" }} '
        "[Open in JupyterLab](#jupyterlab){ .md-button }"
    )


def _shown(cells: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (cell for cell in cells if not _tags(cell) & HIDDEN and _source(cell).strip())


def _cell(cell: Mapping[str, Any], source: str, url_of: UrlOf) -> str:
    if cell["cell_type"] == "markdown":
        return _source(cell)
    anchor = f'<a id="{cell["id"]}"></a>\n\n'
    return (
        anchor
        + fenced("python", _source(cell))
        + "\n"
        + outputs_html(cell.get("outputs", []), source, url_of)
        + _took(cell)
    )


def _took(cell: Mapping[str, Any]) -> str:
    """How long an executed cell took, as papermill wrote it down; nothing for a moment."""
    seconds = cell["metadata"].get("papermill", {}).get("duration") or 0.0
    return f'<p class="db-took">took {seconds:.1f} s</p>\n' if seconds >= MOMENT else ""


def _source(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def _tags(cell: Mapping[str, Any]) -> set[str]:
    return set(cell["metadata"].get("tags", []))
