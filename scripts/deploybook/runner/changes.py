"""What a plan would change, as lines and as a file that ``apply`` holds the world to."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploybook.contract.nearest import nearest_path
from deploybook.errors import InvalidValue, NeedsDecision
from deploybook.runbook.events import SIGNS
from deploybook.runner.plan import Plan
from deploybook.runner.report import RunReport

VERSION = 1
# The outcomes of resources that say something to an operator who decides; all others are counted.
SHOWN = {
    "would create": "to create",
    "would update": "to update",
    "would delete": "to delete",
    "left": "left as they are",
    "later": "known only later",
}


@dataclass(frozen=True)
class Change:
    """One resource and what a run would do with it; ``detail`` says what of it, or once what is known."""

    section: str
    outcome: str
    subject: str
    detail: str = ""

    def line(self) -> str:
        """The line for a terminal."""
        word = self.outcome.removeprefix("would ")
        return f"{SIGNS[self.outcome]} {word:<9} {self.subject}" + (f" — {self.detail}" if self.detail else "")


def changes_of(report: RunReport) -> list[Change]:
    """The resources of a run in ``plan``, in the order of the sections."""
    return [
        Change(section.slug, line["outcome"], " ".join(line["subject"].split()), line["detail"])
        for section in report.sections
        for cell in section.cells
        for line in cell.lines
        if line["step"] == "resource"
    ]


def changes_anything(report: RunReport) -> bool:
    """Whether what a run in ``plan`` found would be changed by ``apply``, or is known only later."""
    return any(change.outcome in SHOWN and change.outcome != "left" for change in changes_of(report))


def plan_lines(changes: Sequence[Change]) -> Iterator[str]:
    """The plan for a terminal: what would change, by section, and how many of each."""
    section = ""
    for change in changes:
        if change.outcome in SHOWN:
            if change.section != section:
                section = change.section
                yield section
            yield f"  {change.line()}"
    counts = Counter(change.outcome for change in changes)
    counted = [f"{counts[outcome]} {words}" for outcome, words in SHOWN.items() if counts[outcome]]
    same = sum(count for outcome, count in counts.items() if outcome not in SHOWN)
    yield ", ".join([*counted, *([f"{same} unchanged"] if same else [])]) or "nothing to change"


def write_plan(path: Path, plan: Plan, changes: Sequence[Change]) -> None:
    """Write a plan to a file; it holds no secret. Raises InvalidValue for a path that cannot be written."""
    data = {
        "version": VERSION,
        "environment": plan.environment,
        "sections": list(plan.order()),
        "parameters": {slug: dict(values) for slug, values in plan.parameters.items()},
        "changes": [asdict(change) for change in changes],
    }
    try:
        path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as problem:
        raise InvalidValue(f"{path} cannot be written ({problem.strerror}).", "Give another --plan-out.") from None


@dataclass(frozen=True)
class PlanFile:
    """A plan that was written before."""

    path: Path
    environment: str
    sections: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, Any]]
    changes: tuple[Change, ...]

    @classmethod
    def read(cls, path: Path) -> PlanFile:
        """Raises InvalidValue for what is no such file."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["version"] != VERSION:
                raise ValueError("another version")
            changes = tuple(Change(**change) for change in data["changes"])
            return cls(path, data["environment"], tuple(data["sections"]), data["parameters"], changes)
        except OSError as problem:
            error = InvalidValue(f"{path} cannot be read ({problem.strerror}).", "Correct the name of the plan.")
            raise error.suggesting(str(path), nearest_path(path)) from None
        except (ValueError, KeyError, TypeError):
            raise InvalidValue(
                f"{path} is not a plan that deploybook wrote.",
                f"Write one with deploybook run --mode plan --plan-out {shlex.quote(str(path))}.",
            ) from None

    def values_besides(self, settled: Mapping[str, object]) -> dict[str, object]:
        """The parameters of the plan, by name, that the settings do not give."""
        values = {name: value for parameters in self.parameters.values() for name, value in parameters.items()}
        return {name: value for name, value in values.items() if name not in settled or settled[name] != value}

    def _command(self) -> str:
        """The command that writes this plan anew."""
        return f"deploybook run {' '.join(self.sections)} --mode plan --plan-out {shlex.quote(str(self.path))}"

    def require_same(self, changes: Sequence[Change], plan: Plan) -> None:
        """Raise NeedsDecision if the world, or what is wanted of it, is no longer what it was when the plan was written."""
        before, now = set(self.changes), set(changes)
        if before == now:
            return
        differences = [
            *(f"was: {change.section} {change.line()}" for change in self.changes if change not in now),
            *(f"now: {change.section} {change.line()}" for change in changes if change not in before),
        ]
        raise NeedsDecision(
            f"Nothing was changed: {self.path.name} is not what apply would do now. {'; '.join(differences)}.",
            f"Look at it, then write the plan again: {plan.completed(self._command())}.",
        )
