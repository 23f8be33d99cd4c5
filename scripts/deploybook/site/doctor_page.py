"""The page of the doctor's notebook, which belongs to no section."""

from __future__ import annotations

import json

from deploybook.guide.guide import Guide
from deploybook.guide.links import into_site, move
from deploybook.guide.markdown import fenced
from deploybook.site.outputs import UrlOf
from deploybook.site.parameters import parameters_table
from deploybook.site.runbook_page import buttons, page_path, told

SLUG = "doctor"


def doctor_page(guide: Guide, url_of: UrlOf) -> str:
    """Its text, how to run it, its parameters, and each cell with what its latest dry run showed."""
    source = f"runbooks/{SLUG}.ipynb"
    executed = guide.layout.root / "build" / f"{SLUG}.ipynb"
    path = executed if executed.is_file() else guide.layout.notebook(SLUG)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    title = next("".join(cell["source"]) for cell in cells if "title" in cell["metadata"].get("tags", []))
    parts = [
        move(title, source, page_path(SLUG), into_site),
        buttons(SLUG),
        "## Run it",
        "On the real clouds, reading only:\n",
        fenced("sh", "deploybook doctor -p git_repository <GIT_REPOSITORY>"),
        "In the sandbox, with something broken first:\n",
        fenced("sh", f"papermill runbooks/{SLUG}.ipynb build/{SLUG}.ipynb"),
        "In JupyterLab, cell by cell:\n{ #jupyterlab }\n",
        fenced("sh", f"jupyter lab runbooks/{SLUG}.ipynb"),
        "There is nothing to undo: it changes nothing.",
        "## Parameters",
        parameters_table(guide, SLUG),
        *(move(text, source, page_path(SLUG), into_site) for text in told(cells, source, url_of)),
    ]
    return "\n\n".join(parts)
