"""The pages of the notebooks that belong to no section: the application's, before them all, and the doctor's."""

from __future__ import annotations

import json
from dataclasses import dataclass

from deploybook.guide.guide import Guide
from deploybook.guide.links import into_site, move
from deploybook.guide.markdown import fenced
from deploybook.site.outputs import UrlOf
from deploybook.site.parameters import parameters_table
from deploybook.site.runbook_page import buttons, page_path, told


@dataclass(frozen=True)
class OtherNotebook:
    """One of them: its title, the commands that do the same and what they are, and how papermill executes it.

    ``before`` says that it comes before the sections' runbooks.
    """

    title: str
    instead: str
    commands: str
    papermill: str
    undo: str
    arguments: str = ""
    before: bool = False


NOTEBOOKS = {
    "application": OtherNotebook(
        "Application",
        "By the two commands that it stands for:\n",
        "deploybook check --app <APP_CHECKOUT>\ndeploybook run --app <APP_CHECKOUT>",
        "By papermill, with your application:\n",
        "There is nothing to undo: nothing of the application is changed.",
        " -p app_directory <APP_CHECKOUT>",
        before=True,
    ),
    "doctor": OtherNotebook(
        "Doctor",
        "On the real clouds, reading only:\n",
        "deploybook doctor -p git_repository <GIT_REPOSITORY>",
        "In the sandbox, with something broken first:\n",
        "There is nothing to undo: it changes nothing.",
    ),
}


def notebook_page(guide: Guide, slug: str, url_of: UrlOf) -> str:
    """Its text, how to run it, its parameters, and each cell with what its latest dry run showed."""
    notebook, source = NOTEBOOKS[slug], f"runbooks/{slug}.ipynb"
    executed = guide.layout.root / "build" / f"{slug}.ipynb"
    path = executed if executed.is_file() else guide.layout.notebook(slug)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    title = next("".join(cell["source"]) for cell in cells if "title" in cell["metadata"].get("tags", []))
    parts = [
        move(title, source, page_path(slug), into_site),
        buttons(slug),
        "## Run it",
        notebook.instead,
        fenced("sh", notebook.commands),
        notebook.papermill,
        fenced("sh", f"papermill runbooks/{slug}.ipynb build/{slug}.ipynb{notebook.arguments}"),
        "In JupyterLab, cell by cell, in a copy of the notebook:\n{ #jupyterlab }\n",
        fenced("sh", f"cp runbooks/{slug}.ipynb build/lab-{slug}.ipynb\njupyter lab build/lab-{slug}.ipynb"),
        notebook.undo,
        "## Parameters",
        parameters_table(guide, slug),
        *(move(text, source, page_path(slug), into_site) for text in told(cells, source, url_of)),
    ]
    return "\n\n".join(parts)
