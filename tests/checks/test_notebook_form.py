"""What an editor leaves in a notebook is taken out of it."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from tests.conftest import ROOT

from deploybook.checks.rules.notebook import canonical

COMMITTED = sorted((ROOT / "runbooks").glob("*.ipynb"))


def edited(text: str) -> str:
    """A notebook as VS Code and JupyterLab write it, after it was looked at and run."""
    data: dict[str, Any] = json.loads(text)
    data["metadata"] |= {
        "language_info": {"name": "python", "version": "3.12.1", "codemirror_mode": {"name": "ipython", "version": 3}},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}},
        "vscode": {"interpreter": {"hash": "0" * 64}},
    }
    data["metadata"]["kernelspec"] = {"display_name": ".venv (3.12.1)", "language": "python", "name": "python3"}
    for cell in data["cells"]:
        cell["metadata"] |= {"collapsed": True, "editable": True, "scrolled": True, "vscode": {"languageId": "python"}}
        cell["metadata"] |= {"ExecuteTime": {"end_time": "2026-01-01"}, "jupyter": {"source_hidden": True}}
        cell["attachments"] = {}
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cell["execution_count"] = 3
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    return json.dumps(data, indent=2, sort_keys=True)


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_what_an_editor_leaves_is_taken_out(path: Any) -> None:
    committed = path.read_text(encoding="utf-8")
    assert canonical(edited(committed)) == committed
    nbformat.validate(json.loads(canonical(edited(committed))))
