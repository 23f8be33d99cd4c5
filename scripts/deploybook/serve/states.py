"""How far each section of an environment is, by the reports of its runs, its ledger and its vault. Sends no request."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploybook.contract.model import Contract
from deploybook.layout import Layout
from deploybook.runbook.modes import Mode
from deploybook.runner.changes import SHOWN
from deploybook.state.ledger import Ledger
from deploybook.state.vault import Vault

NOT_BEGUN, PART, DONE, DIFFERS = "not begun", "part", "done", "differs"
_FOLDER = re.compile(r"\d{8}T\d{6}Z-(?:plan|apply|verify|destroy)(?:-\d+)?")
# So many of the newest live runs are read; what none of them had is told by the ledger and the vault.
LATEST = 60


@dataclass(frozen=True)
class SectionState:
    """``since`` is the start of the run that shows it (ISO 8601, UTC), ``why`` its mode; both are empty if no run does."""

    state: str
    since: str = ""
    why: str = ""


def section_states(layout: Layout, contract: Contract, environment: str) -> dict[str, SectionState]:
    """The state of each section, by its slug."""
    states: dict[str, SectionState] = {}
    begun = _begun(layout, contract, environment)
    for report in _reports(layout, environment):
        for section in report["sections"]:
            slug = section["slug"]
            if slug not in states and (state := _told(report["mode"], section, begun=slug in begun)):
                states[slug] = SectionState(state, report["started"], report["mode"])
    return {slug: states.get(slug, SectionState(PART if slug in begun else NOT_BEGUN)) for slug in contract.order()}


def _told(mode: str, section: dict[str, Any], *, begun: bool) -> str:
    """What one section of one report says of its state; empty if it says nothing."""
    status = section["status"]
    if status == "not-run":
        return ""
    match mode:
        case Mode.APPLY:
            return DONE if status == "passed" else PART
        case Mode.VERIFY:
            return {"passed": DONE, "incomplete": PART}.get(status, DIFFERS)
        case Mode.DESTROY:
            return PART if begun else NOT_BEGUN
        case Mode.PLAN if begun and status == "passed" and _changes(section):
            return DIFFERS
    return ""


def _changes(section: dict[str, Any]) -> bool:
    lines = [line for cell in section["cells"] for line in cell["lines"] if line["step"] == "resource"]
    return any(line["outcome"] in SHOWN and line["outcome"] not in {"left", "later"} for line in lines)


def _begun(layout: Layout, contract: Contract, environment: str) -> set[str]:
    """The sections with something in the ledger or the vault."""
    stored = Vault(layout.state, environment).all()
    made = {entry.section for entry in Ledger(layout.state, environment).entries()}
    return made | {
        slug for slug in contract.order() if any(variable.name in stored for variable in contract.produced_by(slug))
    }


def _reports(layout: Layout, environment: str) -> Iterator[dict[str, Any]]:
    """The whole reports of live runs of an environment, newest first."""
    folders = sorted(
        (folder for folder in layout.runs.glob("*") if _FOLDER.fullmatch(folder.name)), key=_age, reverse=True
    )
    for folder in folders[:LATEST]:
        try:
            report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
            if report["environment"] == environment:
                datetime.datetime.fromisoformat(report["started"])
                yield report
        except (OSError, ValueError, LookupError, TypeError):
            # Half a report is none.
            continue


def _age(folder: Any) -> tuple[str, int]:
    parts = folder.name.split("-")
    return parts[0], int(parts[2]) if len(parts) > 2 else 1
