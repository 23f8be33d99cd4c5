"""The links of an executed copy lead to the troubleshooting page from where the copy is, not from where the runbook is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploybook.runbook.events import ENTRIES, Event
from deploybook.runner.executed_links import relink, seen_from

PAGE = Path("/checkout/docs/troubleshooting.md")


def test_the_page_is_found_from_the_folder_of_the_run() -> None:
    assert seen_from(PAGE, "/checkout/build/runs/a run/r2.ipynb") == "../../../docs/troubleshooting.md"
    assert seen_from(PAGE, "/checkout/runbooks/r2.ipynb") == ENTRIES
    assert seen_from(PAGE, None) == ENTRIES


def test_a_lines_link_is_turned_and_other_outputs_stay() -> None:
    other: dict[str, Any] = {"output_type": "display_data", "data": {"text/html": f"<a href='{ENTRIES}#cors'>"}}
    line: dict[str, Any] = {
        "output_type": "display_data",
        "data": Event("check", "failed", "it holds", entry="cors").bundle(),
    }
    relink({"outputs": [other, line]}, "../x.md")
    assert "href='../x.md#cors'" in line["data"]["text/html"]
    assert ENTRIES in other["data"]["text/html"]
