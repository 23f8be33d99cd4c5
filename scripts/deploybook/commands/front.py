"""Whom a run asks, and what it shows to: the operator at a terminal. A program that stands between has another (``dialogue.py``)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import click
from pydantic import SecretStr
from rich.console import Console

from deploybook.commands.preview import QuietProgress, confirmed
from deploybook.commands.prose import say
from deploybook.commands.values import is_terminal, prompted
from deploybook.contract.definitions import Variable
from deploybook.errors import DeploybookError, MissingVariable
from deploybook.runner.changes import Change, plan_lines
from deploybook.runner.executors import Executor
from deploybook.runner.inputs import Problem
from deploybook.runner.plan import Plan
from deploybook.runner.progress import Progress, summarize
from deploybook.runner.report import RunReport
from deploybook.runner.run import run
from deploybook.runner.usual import usual_seconds


class Front(Protocol):
    """What a run needs of whoever follows it."""

    @property
    def answers(self) -> bool:
        """Whether somebody is there who answers the questions that a run asks before it starts."""

    @property
    def answers_or_leaves(self) -> bool:
        """Whether somebody is there who sees a question too, and can leave it unanswered."""

    def missing(self, problems: Sequence[Problem]) -> None:
        """The run lacks this, and will be refused for it."""

    def read(self, plan: Plan, executor: Executor) -> RunReport:
        """Plan what an ``apply`` would do, reading only."""

    def show_plan(self, plan: Plan, changes: Sequence[Change]) -> None:
        """What it would change."""

    def confirms(self, plan: Plan) -> bool:
        """Whether the operator wants to apply the plan that was shown."""

    def typed_name(self, plan: Plan, removals: Sequence[str]) -> str:
        """The environment's name as it was typed to confirm that all of this is removed; empty if nothing was."""

    def value(self, variable: Variable) -> SecretStr:
        """A value that only the operator has. Raises MissingVariable if none is given, InvalidValue for one without its form."""

    def copied(self, variable: Variable) -> SecretStr | None:
        """A value that a person copied now, or None if it comes later."""

    def execute(self, plan: Plan, executor: Executor, then: Callable[[], Plan | None]) -> RunReport:
        """Run a plan."""

    def end(self, lines: Iterable[str]) -> None:
        """What came of it."""


class TerminalFront:
    """Lines on a terminal, or in a log where there is none."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._progress: Progress | None = None

    @property
    def answers(self) -> bool:
        """Whether standard input is a terminal."""
        return sys.stdin.isatty()

    @property
    def answers_or_leaves(self) -> bool:
        """Whether both streams are a terminal."""
        return is_terminal()

    def missing(self, problems: Sequence[Problem]) -> None:
        """The error that follows says it."""

    def read(self, plan: Plan, executor: Executor) -> RunReport:
        """Show what is looked at, and what failed."""
        click.echo(f"Reading the current state for the plan of {plan.environment} …")
        with QuietProgress(self._console) as progress:
            report, directory = run(plan, progress, executor)
        if report.exit_code:
            summarize(self._console, report, str(directory.relative_to(plan.layout.root)))
            click.echo("Nothing was changed.")
        return report

    def show_plan(self, plan: Plan, changes: Sequence[Change]) -> None:
        """Print it."""
        click.echo(f"\nPlan for {plan.environment}:")
        for line in plan_lines(changes):
            say(line, 14)

    def confirms(self, plan: Plan) -> bool:
        """Ask once, for all sections."""
        if not confirmed(plan):
            click.echo("Nothing was changed.")
            return False
        return True

    def typed_name(self, plan: Plan, removals: Sequence[str]) -> str:
        """Ask for it."""
        say(f"This removes what deploybook made for {', '.join(plan.order())} of {plan.environment}:")
        for line in removals:
            say(line, 6)
        click.echo("It cannot be undone.")
        try:
            return str(click.prompt("Type the environment's name to go on", default="", show_default=False))
        except click.Abort:
            # Nobody is there to answer, or they press Ctrl-C.
            return ""

    def value(self, variable: Variable) -> SecretStr:
        """Ask without echo."""
        say(f"{variable.name}: {variable.description} From: {variable.made_at}.")
        return prompted(variable)

    def copied(self, variable: Variable) -> SecretStr | None:
        """Ask without echo until there is a value of its form, or an empty line."""
        if self._progress is None:
            return self._asked(variable)
        with self._progress.paused():
            return self._asked(variable)

    def _asked(self, variable: Variable) -> SecretStr | None:
        click.echo()
        say(f"{variable.name}: {variable.description}")
        say(f"Copy it: {variable.copied_from}. Press Enter to copy it later.")
        while True:
            try:
                return prompted(variable)
            except MissingVariable:
                return None
            except DeploybookError as problem:
                say(f"{problem} {problem.hint}")

    def execute(self, plan: Plan, executor: Executor, then: Callable[[], Plan | None]) -> RunReport:
        """Show its progress, and a summary."""
        usual = usual_seconds(plan.layout.runs, plan.mode)
        with Progress(self._console, len(plan.sections), usual) as self._progress:
            report, directory = run(plan, self._progress, executor, then=then)
        self._progress = None
        summarize(self._console, report, str(directory.relative_to(plan.layout.root)))
        return report

    def end(self, lines: Iterable[str]) -> None:
        """Print them."""
        for line in lines:
            say(line, 4)
