"""Runs a plan as the operator follows it: show and confirm it, ask for what only a person can copy, report the outcome."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from deploybook.commands.front import Front
from deploybook.commands.outcome import outcome_lines
from deploybook.commands.preview import STOPPED, removal_lines, require_terminal
from deploybook.contract.definitions import Variable
from deploybook.errors import ConfigurationError, MissingVariable
from deploybook.runbook.modes import Mode
from deploybook.runner.changes import Change, PlanFile, changes_of, write_plan
from deploybook.runner.executors import Executor
from deploybook.runner.plan import Plan
from deploybook.runner.report import RunReport

# The parameter by which a section takes over a value that a person copied: it names an environment variable.
IMPORT = "import_from"


def run_plan(
    plan: Plan,
    executor: Executor,
    front: Front,
    *,
    yes: bool,
    plan_out: Path | None,
    written: PlanFile | None,
) -> tuple[int, RunReport]:
    """Ask, run, and show the outcome; returns the exit code and the report."""
    _confirm(plan, executor, front, yes=yes, written=written)
    plan = _with_imports(plan, [variable for variable in _to_copy(plan) if _is_ready(plan, variable)])
    copying = Copying(plan, front)
    report = front.execute(replace(plan, waiting_for_copy=copying.waiting_sections), executor, copying.ask)
    if plan_out and not report.exit_code:
        write_plan(plan_out, plan, changes_of(report))
        command = f"deploybook run --mode apply --plan {shlex.quote(str(plan_out))}"
        click.echo(f"the plan is in {plan_out}; apply it with: {plan.completed(command)}")
    to_copy = copying.left if not report.exit_code else []
    front.end(outcome_lines(plan, report, to_copy))
    return report.exit_code or (MissingVariable.exit_code if to_copy else 0), report


class Copying:
    """The values of a run that a person copies once a section has made what shows them; ``left`` are those that were not copied yet."""

    def __init__(self, plan: Plan, front: Front) -> None:
        self._plan = plan
        self._front = front
        self.left = _to_copy(plan)
        self.waiting_sections = frozenset(_waiting(plan, self.left))

    def ask(self) -> Plan | None:
        """Ask for each value that is left; returns what is run with those that were given, or None if none was."""
        candidates, self.left = self.left, [variable for variable in self.left if not self._import(variable)]
        copied = [variable for variable in candidates if variable not in self.left]
        if not copied:
            return None
        makers = {str(variable.section) for variable in copied}
        sections = (makers | _waiting(self._plan, copied)) - _waiting(self._plan, self.left)
        chosen = tuple(slug for slug in self._plan.sections if slug in sections)
        return replace(_with_imports(self._plan, copied), sections=chosen)

    def _import(self, variable: Variable) -> bool:
        """Have the value in this process's environment, from which its section takes it over; ask for it where somebody answers."""
        if os.environ.get(variable.name):
            return True
        value = self._front.copied(variable) if self._front.answers_or_leaves else None
        if value is not None:
            os.environ[variable.name] = value.get_secret_value()
        return value is not None


def _confirm(plan: Plan, executor: Executor, front: Front, *, yes: bool, written: PlanFile | None) -> None:
    if plan.mode is Mode.APPLY and written:
        written.require_same(_preview(plan, executor, front), plan)
    elif plan.mode is Mode.APPLY and not yes:
        if not front.answers:
            require_terminal()
        _preview(plan, executor, front)
        if not front.confirms(plan):
            sys.exit(STOPPED)
    elif plan.mode is Mode.DESTROY:
        typed = front.typed_name(plan, list(removal_lines(plan)))
        if typed != plan.environment:
            reason = "another name was typed" if typed else "its name was not typed"
            raise ConfigurationError(
                f"Nothing was destroyed: {reason}.",
                f"Run this again in a terminal, and type {plan.environment} when asked.",
                "destroy-not-confirmed",
            )


def _preview(plan: Plan, executor: Executor, front: Front) -> list[Change]:
    """Show what an ``apply`` would do. Ends the command if a section cannot be planned."""
    report = front.read(replace(plan, mode=Mode.PLAN), executor)
    if report.exit_code:
        sys.exit(report.exit_code)
    changes = changes_of(report)
    front.show_plan(plan, changes)
    return changes


def _to_copy(plan: Plan) -> list[Variable]:
    """The values that a selected section makes, that only a person can copy then, and that a selected section needs."""
    if plan.mode is not Mode.APPLY:
        return []
    stored = plan.vault.all()
    needed = [variable for slug in plan.order() for variable in plan.contract.needed_by(slug)]
    return [
        variable
        for variable in dict.fromkeys(needed)
        if variable.copied_from
        and variable.section in plan.sections
        and variable.name not in stored
        and not plan.parameters.get(str(variable.section), {}).get(IMPORT)
    ]


def _is_ready(plan: Plan, variable: Variable) -> bool:
    """Whether a value that a person copied is in the environment, and what it is copied from was made by an earlier run."""
    others = {product.name for product in plan.contract.produced_by(str(variable.section)) if not product.copied_from}
    return bool(os.environ.get(variable.name)) and others <= plan.vault.all().keys()


def _with_imports(plan: Plan, copied: Sequence[Variable]) -> Plan:
    """The plan in which the sections that make these values take them over from the environment."""
    parameters = {slug: dict(values) for slug, values in plan.parameters.items()}
    for variable in copied:
        parameters.setdefault(str(variable.section), {})[IMPORT] = variable.name
    return replace(plan, parameters=parameters)


def _waiting(plan: Plan, copied: Sequence[Variable]) -> set[str]:
    """The sections that cannot start before these values are copied, and those that come after one of them."""
    first = {slug for slug in plan.order() for variable in copied if variable in plan.contract.needed_by(slug)}
    return {slug for slug in plan.order() if slug in first or first & set(plan.contract.all_before(slug))}
