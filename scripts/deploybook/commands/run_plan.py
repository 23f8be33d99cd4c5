"""Runs a plan as an operator follows it: shown and confirmed, then what only a person can copy, then what came of it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from pydantic import SecretStr
from rich.console import Console

from deploybook.commands.outcome import outcome_lines
from deploybook.commands.preview import confirm_apply, preview, removal_lines, require_terminal
from deploybook.commands.prose import say
from deploybook.commands.values import is_terminal, prompted
from deploybook.contract.definitions import Variable
from deploybook.errors import ConfigurationError, DeploybookError, MissingVariable
from deploybook.runbook.modes import Mode
from deploybook.runner.changes import PlanFile, changes_of, write_plan
from deploybook.runner.executors import Executor
from deploybook.runner.plan import Plan
from deploybook.runner.progress import Progress, summarize
from deploybook.runner.report import RunReport
from deploybook.runner.run import run
from deploybook.runner.usual import usual_seconds

# The parameter by which a section takes over a value that a person copied: it names an environment variable.
IMPORT = "import_from"


def run_plan(
    plan: Plan,
    executor: Executor,
    *,
    yes: bool,
    plan_out: Path | None,
    written: PlanFile | None,
) -> tuple[int, RunReport]:
    """Ask what has to be asked, run, and show what came of it; returns the exit code and the report."""
    console = Console(highlight=False)
    _confirm(plan, executor, console, yes=yes, written=written)
    plan = _with_imports(plan, [variable for variable in _to_copy(plan) if _is_ready(plan, variable)])
    copying = Copying(plan)
    report = _run(replace(plan, held=copying.held), executor, console, copying)
    if plan_out and not report.exit_code:
        write_plan(plan_out, plan, changes_of(report))
        command = f"deploybook run --mode apply --plan {shlex.quote(str(plan_out))}"
        click.echo(f"the plan is in {plan_out}; apply it with: {plan.completed(command)}")
    left = copying.left if not report.exit_code else []
    for line in outcome_lines(plan, report, left):
        say(line, 4)
    return report.exit_code or (MissingVariable.exit_code if left else 0), report


def _run(plan: Plan, executor: Executor, console: Console, copying: Copying) -> RunReport:
    usual = usual_seconds(plan.layout.runs, plan.mode)

    def then() -> Plan | None:
        with progress.paused():
            return copying.ask()

    with Progress(console, len(plan.sections), usual) as progress:
        report, directory = run(plan, progress, executor, then=then)
    summarize(console, report, str(directory.relative_to(plan.layout.root)))
    return report


class Copying:
    """The values of a run that a person copies once a section has made what shows them; ``left`` are those that were not copied yet."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.left = _to_copy(plan)
        self.held = frozenset(_waiting(plan, self.left))

    def ask(self) -> Plan | None:
        """Ask for each value that is left; returns what is run with those that were given, or None if none was."""
        asked, self.left = self.left, [variable for variable in self.left if not _import(variable)]
        done = [variable for variable in asked if variable not in self.left]
        if not done:
            return None
        makers = {str(variable.section) for variable in done}
        sections = (makers | _waiting(self._plan, done)) - _waiting(self._plan, self.left)
        chosen = tuple(slug for slug in self._plan.sections if slug in sections)
        return replace(_with_imports(self._plan, done), sections=chosen)


def _confirm(plan: Plan, executor: Executor, console: Console, *, yes: bool, written: PlanFile | None) -> None:
    if plan.mode is Mode.APPLY and written:
        written.require_same(preview(plan, executor, console), plan)
    elif plan.mode is Mode.APPLY and not yes:
        require_terminal()
        preview(plan, executor, console)
        confirm_apply(plan)
    elif plan.mode is Mode.DESTROY:
        say(f"This removes what deploybook made for {', '.join(plan.order())} of {plan.environment}:")
        for line in removal_lines(plan):
            say(line, 6)
        click.echo("It cannot be undone.")
        typed = _typed("Type the environment's name to go on")
        if typed != plan.environment:
            reason = "another name was typed" if typed else "its name was not typed"
            raise ConfigurationError(
                f"Nothing was destroyed: {reason}.",
                f"Run this again in a terminal, and type {plan.environment} when asked.",
                "destroy-not-confirmed",
            )


def _typed(question: str) -> str:
    """The answer; empty if there is nobody to answer, or if they press Ctrl-C."""
    try:
        return str(click.prompt(question, default="", show_default=False))
    except click.Abort:
        return ""


def _to_copy(plan: Plan) -> list[Variable]:
    """The values that a selected section makes, that only a person can copy then, and that a selected section needs."""
    if plan.mode is not Mode.APPLY:
        return []
    there = plan.vault.all()
    needed = [variable for slug in plan.order() for variable in plan.contract.needed_by(slug)]
    return [
        variable
        for variable in dict.fromkeys(needed)
        if variable.copied_from
        and variable.section in plan.sections
        and variable.name not in there
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


def _import(variable: Variable) -> bool:
    """Have the value in this process's environment, from which its section takes it over; ask for it without echo at a terminal."""
    if os.environ.get(variable.name):
        return True
    if not is_terminal():
        return False
    click.echo()
    say(f"{variable.name}: {variable.description}")
    say(f"Copy it: {variable.copied_from}. An empty line leaves it for later.")
    while True:
        try:
            value: SecretStr = prompted(variable)
        except MissingVariable:
            return False
        except DeploybookError as problem:
            say(f"{problem} {problem.hint}")
        else:
            os.environ[variable.name] = value.get_secret_value()
            return True
