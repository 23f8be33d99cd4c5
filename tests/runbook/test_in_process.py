"""Cells that are executed without a kernel: with what was given, up to the first that raises, and nothing stays open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploybook.clouds.connections import Connections
from deploybook.runbook.in_process import run_cells


def notebook(directory: Path, *cells: tuple[str, list[str], str]) -> Path:
    """A notebook of code cells: id, tags, source."""
    written = [
        {"cell_type": "code", "id": identifier, "metadata": {"tags": tags}, "source": [source]}
        for identifier, tags, source in cells
    ]
    path = directory / "some.ipynb"
    path.write_text(json.dumps({"cells": written}))
    return path


def test_parameters_replace_the_defaults_and_skipped_cells_are_left_out(tmp_path: Path) -> None:
    events: list[object] = []
    path = notebook(
        tmp_path,
        ("first", ["parameters"], "name: str = 'default'\nother: str = 'kept'"),
        ("second", ["verify"], "said.append('skipped')"),
        ("third", [], "said.append((name, other))"),
    )
    started: list[str] = []
    run_cells(path, {"name": "given", "said": events}, skipped={"verify"}, starting=started.append)
    assert events == [("given", "kept")]
    assert started == ["first", "third"]


def test_a_cell_that_raises_ends_it_and_what_was_connected_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Connections] = []
    monkeypatch.setattr(Connections, "close", lambda clouds: closed.append(clouds))
    (tmp_path / ".deploybook").mkdir()
    opening = "from deploybook.runbook import Runbook\nrb = Runbook.open('webhook_secret', mode, environment)"
    path = notebook(
        tmp_path,
        ("parameters", ["parameters"], "mode: str = 'plan'\nenvironment: str = 'nowhere'"),
        ("setup", [], opening),
        ("third", [], "raise KeyError('third')"),
        ("fourth", [], "raise KeyError('fourth')"),
    )
    with pytest.raises(KeyError, match="third"):
        run_cells(path, {})
    assert len(closed) == 1
