"""``deploybook init``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from deploybook.commands.access_table import access_data, access_table, look_at_all, problem_lines
from deploybook.commands.context import CommandContext
from deploybook.commands.options import ParameterCommand
from deploybook.commands.parameters import parameters_of
from deploybook.commands.prose import say
from deploybook.commands.questions import ask_for_credentials, ask_for_parameters, usable_file
from deploybook.contract.validation import DEFAULT_ENVIRONMENT, in_environment
from deploybook.errors import DeploybookError, InvalidValue
from deploybook.runbook.modes import Mode
from deploybook.runbook.settings import keepable
from deploybook.runbook.settings_edit import Kept, keep
from deploybook.runner.inputs import MADE_VALUE, find_problems
from deploybook.runner.plan import Plan


@click.command("init", cls=ParameterCommand)
@click.argument("environment", default=DEFAULT_ENVIRONMENT)
@click.option("--check", is_flag=True, help="Ask nothing and write nothing: for scripts.")
@click.option("--json", "as_json", is_flag=True, help="With --check: print JSON instead of a table.")
@click.option(
    "--credentials-file", metavar="PATH", help="The dot-env file that holds the credentials; its path is stored."
)
@click.option(
    "-p", "pairs", multiple=True, nargs=2, metavar="NAME VALUE", help="One parameter to store, also as NAME=VALUE."
)
def initialize(
    environment: str, check: bool, as_json: bool, credentials_file: str | None, pairs: tuple[tuple[str, str], ...]
) -> None:
    """Collect what a deployment needs (parameters, accounts, and the source of each credential), then check all of it.

    It stores your answers in runbooks/parameters/ENVIRONMENT.yaml, which holds no secret and is meant to be committed. It takes each
    credential from the environment, a dot-env file, or a password manager's command, and checks it at its provider without changing
    anything. Run it again at any time. The exit code is 2 if something is missing, and 3 if a provider refuses a credential.
    """
    if as_json and not check:
        raise InvalidValue(
            "--json needs --check, because a program cannot answer questions.", "Add --check, or leave --json out."
        )
    context = CommandContext.open(environment)
    sections = [slug for slug in context.contract.order() if context.layout.notebook(slug).exists()]
    if not check:
        context = _kept(context, sections, credentials_file, pairs)
        if sys.stdin.isatty():
            context = ask_for_parameters(context, sections)
            context = ask_for_credentials(context)
    sources = context.take_credentials([credential.name for credential in context.contract.credentials])
    plan = _plan(context, sections, dict(pairs) if check else {})
    looks = look_at_all(context, plan)
    problems = [problem for problem in find_problems(plan, sources.problems) if problem.kind != MADE_VALUE]
    refused = [error for error in looks.values() if isinstance(error, DeploybookError)]
    if as_json:
        context.print_json(access_data(context.contract, sources, looks, problems))
        sys.exit(2 if problems else refused[0].exit_code if refused else 0)
    if not check and sys.stdin.isatty():
        click.echo()
    context.print(access_table(context.contract, sources, looks, os.environ))
    if problems or refused:
        click.echo()
    for line in problem_lines(context.contract, problems, looks):
        say(context.redactor.text(line), 4)
    if problems or refused:
        click.echo(f"\nThen run this again: {_command(environment, check=check)}")
        sys.exit(2 if problems else refused[0].exit_code)
    click.echo(f"\nEverything is there. Next: deploybook run --mode apply{in_environment(environment)}")
    say("It shows the plan of all sections, and asks before it changes anything.")


def _kept(
    context: CommandContext, sections: Sequence[str], credentials_file: str | None, pairs: Sequence[tuple[str, str]]
) -> CommandContext:
    """The context after what the command line names was written into the settings."""
    environment = context.vault.environment
    chosen = parameters_of(context.layout, context.contract, sections, dict(pairs), context.settings)
    once = [name for name, _ in pairs if not keepable(context.contract, name)]
    if once:
        raise InvalidValue(
            f"{once[0]} applies to one run only, and cannot be kept.", "Pass it to deploybook run instead."
        )
    parsed = {name: value for values in chosen.values() for name, value in values.items() if name in dict(pairs)}
    if credentials_file:
        usable_file(credentials_file)
    kept = Kept(parsed, credentials_file=credentials_file or "")
    if kept:
        keep(context.layout, context.contract, environment, kept)
        return CommandContext.open(environment)
    return context


def _plan(context: CommandContext, sections: Sequence[str], values: dict[str, object]) -> Plan:
    """A whole apply: what it would need is what has to be there. ``values`` go before the settings."""
    parameters = parameters_of(context.layout, context.contract, sections, values, context.settings)
    environment = context.vault.environment
    return Plan(context.layout, context.contract, Mode.APPLY, environment, tuple(sections), parameters)


def _command(environment: str, *, check: bool) -> str:
    named = "" if environment == DEFAULT_ENVIRONMENT else f" {environment}"
    return f"deploybook init{named}{' --check' * check}"
