"""Links of an executed copy: they lead to the troubleshooting page from where the copy is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploybook.runbook.events import ENTRIES, MIME


def seen_from(page: Path, output: str | None) -> str:
    """The address of a page of the checkout in the executed copy; as it is in the runbook where the copy is kept nowhere."""
    return quote(os.path.relpath(page, Path(output).absolute().parent)) if output else ENTRIES


def relink(cell: Any, entries: str) -> None:
    """Have the links of a cell's lines lead to the troubleshooting page from where the executed copy is."""
    for output in cell.get("outputs", []):
        if MIME in (data := output.get("data", {})):
            data["text/html"] = data["text/html"].replace(f"href='{ENTRIES}#", f"href='{entries}#")
