"""The end of a run: what was made, the addresses, what is left with its exact commands, and the next step."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from deploybook.contract.definitions import Variable
from deploybook.contract.shown_commands import as_word
from deploybook.contract.validation import copy_command
from deploybook.errors import NotTested
from deploybook.runbook.modes import Mode
from deploybook.runner.changes import changes_anything
from deploybook.runner.plan import Plan
from deploybook.runner.report import RunReport

DONE = {"create": "created", "update": "updated", "delete": "deleted"}


def outcome_lines(plan: Plan, report: RunReport, to_copy: Sequence[Variable]) -> Iterator[str]:
    """The lines below the summary of a run. ``to_copy`` are the values that a person has still to copy."""
    yield from _made(report)
    if plan.mode in {Mode.APPLY, Mode.VERIFY}:
        yield from _addresses(plan)
    failed = report.exit_code != 0
    for variable in to_copy:
        yield f"left: {variable.name}, which only you can copy ({variable.copied_from}). Then:"
        waiting = [slug for slug in plan.order() if variable in plan.contract.needed_by(slug)]
        yield f"  {plan.completed(copy_command(variable, waiting, plan.environment))}"
    if step := _next(plan, report, failed=failed, has_to_copy=bool(to_copy)):
        yield f"next: {plan.completed(step)}"


def _made(report: RunReport) -> Iterator[str]:
    if report.mode == Mode.DRY_RUN:
        return
    lines = [line for section in report.sections for cell in section.cells for line in cell.lines]
    for outcome, word in DONE.items():
        subjects = list(dict.fromkeys(line["subject"] for line in lines if line["outcome"] == outcome))
        if subjects:
            yield f"{word} {len(subjects)}:"
            yield from (f"  {subject}" for subject in subjects)


def _addresses(plan: Plan) -> Iterator[str]:
    """The recorded values that are addresses, and no secrets."""
    values = plan.vault.all()
    for variable in plan.contract.variables:
        value = values[variable.name].get_secret_value() if variable.name in values and not variable.secret else ""
        if value.startswith("https://") and variable.section in plan.sections:
            yield f"{variable.name}: {value}"


def _next(plan: Plan, report: RunReport, *, failed: bool, has_to_copy: bool) -> str:
    every = set(plan.contract.order()) <= set(plan.sections)
    sections = "" if every else f" {' '.join(plan.order())}"
    if failed:
        if plan.mode is Mode.VERIFY:
            return "deploybook doctor"
        live = "" if plan.mode is Mode.DRY_RUN else f" --mode {plan.mode}"
        again = f"deploybook run{sections}{live}{_once(plan)}"
        if report.exit_code == NotTested.exit_code:
            return f"{again}, once nothing blocks what was not tested"
        return f"after the fix, {again}"
    match plan.mode:
        case Mode.DRY_RUN:
            return f"deploybook init, then deploybook run{sections} --mode plan"
        case Mode.PLAN if not changes_anything(report):
            return f"deploybook run{sections} --mode verify; the plan changes nothing"
        case Mode.PLAN:
            return f"deploybook run{sections} --mode apply{_once(plan)}"
        case Mode.APPLY if not has_to_copy:
            return f"deploybook run --mode {'verify' if every else 'apply'}"
    return ""


def _once(plan: Plan) -> str:
    """What was typed for one run, which the same run, or the one that it planned, needs again."""
    rules = plan.contract.parameters
    names = [name for name in plan.typed.values if name in rules and rules[name].once]
    return "".join(f" -p {name} {shlex.quote(as_word(plan.typed.values[name]))}" for name in names)
