"""The steps of a section, as its runbook has them: each code cell under the heading of the text before it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TypedDict

from deploybook.guide.markdown import slugify

_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
# They show nothing of their own: what they say, such as a refusal, belongs to the first step.
_BEFORE = frozenset({"title", "parameters", "setup"})


class Step(TypedDict):
    """``cells`` are ids of code cells; ``box`` ends the id of the step's box in the checklist."""

    title: str
    box: str
    cells: list[str]


def steps_of(notebook: Path) -> list[Step]:
    """The steps in their order."""
    steps: list[Step] = []
    before: list[str] = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        tags = set(cell["metadata"].get("tags", []))
        if cell["cell_type"] == "markdown":
            heading = _HEADING.search("".join(cell["source"]))
            if heading and not tags & _BEFORE:
                title = heading["text"].rstrip(".")
                steps.append(Step(title=title, box=slugify(title), cells=[*before]))
                before = []
        elif steps:
            steps[-1]["cells"].append(cell["id"])
        else:
            before.append(cell["id"])
    return steps
