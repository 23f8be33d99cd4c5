"""A command that the tests run in their own process gives the same code, words and report as the operator's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import ROOT, RunningSandbox
from tests.runbooks.conftest import Finished, Guide

from deploybook.runbook.notebook_file import code_cells

ORIGIN, MOVED = ("-p", "app_origin", "https://app.example.com"), ("-p", "app_origin", "https://moved.example.com")
CELLS = {cell for cell, _, _ in code_cells(ROOT / "runbooks" / "r2.ipynb")}
# What each run has its own of: seconds, folders, and of what it made the token's id and the minute.
OWN = re.compile(
    r"\d+\.\d+ s|build/runs/\S+|^took .*$|\b[0-9a-f]{32}\b|\d{4}-\d\d-\d\d[ T][\d:.]+(?:Z| UTC)", re.MULTILINE
)


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    running = start_sandbox("r2", "cloudflare")
    running.reset()
    return running


def told(result: Finished) -> tuple[int, str, list[dict[str, Any]]]:
    """The code, the output and the sections, without what differs from run to run."""
    sections = [{**each, "notebook": "", "seconds": 0} for each in result.report.get("sections", [])]
    for section in sections:
        # Papermill puts the parameters given into a cell of its own.
        section["cells"] = [{**cell, "seconds": 0} for cell in section["cells"] if cell["id"] in CELLS]
    return result.code, OWN.sub("…", result.output), sections


@pytest.mark.parametrize(
    ("arguments", "changed", "code"),
    [
        (("--mode", "apply", "--yes", *ORIGIN), {}, 0),
        (("--mode", "verify", *MOVED), {}, 4),
        (("--mode", "plan"), {"CLOUDFLARE_API_TOKEN": "cfat_" + "0" * 40}, 3),
        (("--mode", "apply"), {}, 2),
        (("--mode", "destroy"), {}, 0),
    ],
    ids=["passed", "claims did not hold", "refused in a cell", "refused before", "typed"],
)
def test_a_run_is_told_as_with_kernels(
    guide: Guide, sandbox: RunningSandbox, arguments: tuple[str, ...], changed: dict[str, str], code: int
) -> None:
    provisioned = guide.run("run", "r2", "--mode", "apply", "--yes", *ORIGIN, env=sandbox.exports)
    assert provisioned.code == 0, provisioned.output
    runs = []
    for runner in (guide.with_kernels, guide):
        runs.append(runner.run("run", "r2", *arguments, env=sandbox.exports | changed, typed="production\n"))
        if "destroy" in arguments and runner.kernels:
            again = guide.run("run", "r2", "--mode", "apply", "--yes", *ORIGIN, env=sandbox.exports)
            assert again.code == 0, again.output
    assert [run.code for run in runs] == [code, code]
    assert told(runs[0]) == told(runs[1])
