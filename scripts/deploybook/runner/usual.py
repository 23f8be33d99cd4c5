"""How long each section usually takes: the median of its latest runs in the same mode, from the reports that they left."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

# So many of the newest runs of a mode are read; older ones were of another guide.
LATEST = 12


def usual_seconds(runs: Path, mode: str) -> dict[str, float]:
    """Seconds by section, of those that passed in one of the latest runs; whatever cannot be read is passed over."""
    seconds: dict[str, list[float]] = {}
    folders = sorted(runs.glob(f"*-{mode}*"), reverse=True)[:LATEST] if runs.is_dir() else []
    for folder in folders:
        for section in _sections(folder / "report.json"):
            if section.get("status") == "passed":
                seconds.setdefault(section["slug"], []).append(float(section["seconds"]))
    return {slug: median(durations) for slug, durations in seconds.items()}


def _sections(report: Path) -> list[dict[str, Any]]:
    try:
        sections: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["sections"]
    except (OSError, ValueError, LookupError, TypeError):
        return []
    return sections
