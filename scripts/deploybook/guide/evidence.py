"""What the latest dry run of each section showed, read from ``build/runs/*-dry-run*/report.json`` (written by ``report.py``)."""

from __future__ import annotations

import datetime
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# <time>-<mode>, and -2, -3 … for further runs that started in the same second.
RUN = re.compile(r"(?P<time>\d{8}T\d{6}Z)-dry-run(?:-(?P<number>\d+))?")

# The steps of a run whose lines are claims.
CLAIMS = frozenset({"check", "preflight"})


@dataclass(frozen=True)
class Evidence:
    """One section in one dry run. ``tested`` counts the claims that were tested, ``passed`` those that held; ``untested`` counts the
    others by outcome: not tested, left out, later.

    ``steps`` has the seconds of each code cell by its id, ``run_seconds`` those of the whole run, which may have had other sections.
    ``changes`` are the resources that it was about, each as (cell, outcome, kind and name), in the order of the run.
    ``claims`` has each claim's cell and outcome.
    """

    slug: str
    status: str
    mode: str
    started: datetime.datetime
    seconds: float
    steps: Mapping[str, float]
    run_seconds: float
    commit: str
    tested: int
    passed: int
    error: str
    notebook: Path
    changes: tuple[tuple[str, str, str], ...] = ()
    claims: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    untested: Mapping[str, int] = field(default_factory=dict)

    @property
    def short_commit(self) -> str:
        """Seven digits, and ``+`` if the checkout had changes that were not committed."""
        return self.commit[:7] + ("+" if self.commit.endswith("+") else "")


def latest(runs: Path) -> dict[str, Evidence]:
    """For each section the newest dry run that had it, whatever came of it. A run without a whole report is none."""
    return {evidence.slug: evidence for _, run in dry_runs(runs) for evidence in run}


def dry_runs(runs: Path) -> Iterator[tuple[str, list[Evidence]]]:
    """Each dry run with a whole report, oldest first: the name of its folder, and its sections."""
    for folder in sorted(_folders(runs), key=_age):
        if report := _report(folder):
            yield folder.name, [_evidence(folder, report, section) for section in report["sections"]]


def is_current(executed: Path, source: Path) -> bool:
    """Whether an executed copy came from the runbook as it is now: the same cells, with the same text."""
    return _texts(executed) == _texts(source)


def _folders(runs: Path) -> list[Path]:
    return [folder for folder in runs.iterdir() if RUN.fullmatch(folder.name)] if runs.is_dir() else []


def _age(folder: Path) -> tuple[str, int]:
    parts = RUN.fullmatch(folder.name)
    assert parts
    return parts["time"], int(parts["number"] or 1)


def _report(folder: Path) -> Any:
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    # A run that goes on still, or was stopped, shows nothing of the sections that it did not come to.
    return report if report.get("status", "ended") == "ended" else None


def _evidence(folder: Path, report: Mapping[str, Any], section: Mapping[str, Any]) -> Evidence:
    lines = [line for cell in section["cells"] for line in cell["lines"]]
    resources = [
        (cell["id"], line) for cell in section["cells"] for line in cell["lines"] if line["step"] == "resource"
    ]
    outcomes = [line["outcome"] for line in lines if line["step"] in CLAIMS]
    error = section["error"]
    return Evidence(
        slug=section["slug"],
        status=section["status"],
        mode=report["mode"],
        started=datetime.datetime.fromisoformat(report["started"]),
        seconds=section["seconds"],
        steps={cell["id"]: cell["seconds"] for cell in section["cells"]},
        run_seconds=report["seconds"],
        commit=report["commit"],
        tested=len([outcome for outcome in outcomes if outcome in {"passed", "failed"}]),
        passed=outcomes.count("passed"),
        error=error["message"] if error else "",
        notebook=folder / (section["notebook"] or f"{section['slug']}.ipynb"),
        untested=Counter(outcome for outcome in outcomes if outcome not in {"passed", "failed"}),
        changes=tuple((cell, line["outcome"], line["subject"]) for cell, line in resources),
        claims={
            line["subject"]: (cell["id"], line["outcome"])
            for cell in section["cells"]
            for line in cell["lines"]
            if line["step"] in CLAIMS
        },
    )


def _texts(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    kept = [cell for cell in cells if "injected-parameters" not in cell["metadata"].get("tags", [])]
    return ["".join(cell["source"]) for cell in kept]
