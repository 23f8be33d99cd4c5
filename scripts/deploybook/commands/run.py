"""``deploybook run``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from deploybook.commands.options import ParameterCommand, environment_option, parameter_options
from deploybook.commands.parameters import parameter_values, parameters_of
from deploybook.commands.values import prompted
from deploybook.contract.model import Contract, load_contract
from deploybook.errors import ConfigurationError, UnknownParameter
from deploybook.layout import Layout, find_layout
from deploybook.runbook.credential_sources import Sources, operator_environment
from deploybook.runbook.decisions import Decisions, check_form
from deploybook.runbook.modes import Mode
from deploybook.runbook.settings import load_settings
from deploybook.runner.executors import Executor, Kernels
from deploybook.runner.inputs import lacking, refuse_incomplete
from deploybook.runner.plan import Plan
from deploybook.runner.progress import Progress, summarize
from deploybook.runner.run import run
from deploybook.state.vault import Vault


@click.command("run", cls=ParameterCommand)
@click.argument("sections", nargs=-1, metavar="[SECTION]...")
@click.option("--mode", type=click.Choice([mode.value for mode in Mode]), default="dry-run", show_default=True)
@environment_option
@parameter_options
@click.option("--jobs", type=click.IntRange(1, 16), default=2, show_default=True, help="Sections side by side.")
@click.option("--yes", is_flag=True, help="Do not ask before apply.")
@click.option(
    "--adopt",
    multiple=True,
    metavar="KIND/NAME",
    help="Take over what exists and was not made here; KIND/ID among several.",
)
@click.option("--release", multiple=True, metavar="KIND/NAME", help="Give back what was made or taken over here.")
@click.option("--empty-bucket", is_flag=True, help="With destroy: remove what is in the bucket, too.")
@click.pass_obj
def run_sections(
    executor: Executor | None,
    sections: tuple[str, ...],
    mode: str,
    environment: str,
    files: tuple[Path, ...],
    pairs: tuple[tuple[str, str], ...],
    jobs: int,
    yes: bool,
    adopt: tuple[str, ...],
    release: tuple[str, ...],
    empty_bucket: bool,
) -> None:
    """Execute the runbooks of the sections (default: all), each after those it needs."""
    layout = find_layout()
    contract = load_contract(layout.contract)
    contract.parameters["environment"].validate_value("environment", environment)
    chosen = _chosen(layout, contract, sections)
    settings = load_settings(layout, contract, environment)
    given = parameter_values(files, pairs)
    parameters = parameters_of(layout, contract, chosen, given, settings, rehearsal=mode == Mode.DRY_RUN)
    check_form("--adopt", adopt)
    check_form("--release", release)
    decisions = Decisions(adopt, release, empty_bucket)
    plan = Plan(layout, contract, Mode(mode), environment, tuple(chosen), parameters, jobs, decisions)
    sources = operator_environment(contract, settings, chosen) if plan.mode.live else Sources()
    _complete(plan)
    refuse_incomplete(plan, sources.problems)
    _ask(plan, yes)
    console = Console(highlight=False)
    with Progress(console) as progress:
        report, directory = run(plan, progress, executor or Kernels())
    summarize(console, report, str(directory.relative_to(layout.root)))
    sys.exit(report.exit_code)


def _chosen(layout: Layout, contract: Contract, sections: Sequence[str]) -> list[str]:
    for slug in sections:
        contract.section(slug)
        if not layout.notebook(slug).exists():
            raise UnknownParameter(
                f"The {slug} section has no runbook yet.", "deploybook list shows those that have one."
            )
    written = [slug for slug in contract.order() if layout.notebook(slug).exists()]
    return [slug for slug in written if not sections or slug in sections]


def _complete(plan: Plan) -> None:
    """Ask at a terminal for the values that only the operator has and that the vault lacks; elsewhere the plan refuses to run."""
    for variable in lacking(plan) if sys.stdin.isatty() else []:
        click.echo(f"{variable.name}: {variable.description} From: {variable.made_at}.")
        value = prompted(variable)
        Vault(plan.layout.state, plan.environment).put({variable.name: value})
        click.echo(f"{variable.name} is in the vault of {plan.environment}.")


def _ask(plan: Plan, yes: bool) -> None:
    names = ", ".join(plan.order())
    if plan.mode is Mode.APPLY and not yes:
        if not sys.stdin.isatty():
            raise ConfigurationError(
                "apply asks before it changes the real clouds, and there is no terminal to ask on.",
                "Add --yes.",
                "not-confirmed",
            )
        click.confirm(f"Change {names} of {plan.environment} in the real clouds?", abort=True)
    if plan.mode is Mode.DESTROY:
        click.echo(f"This removes what deploybook made for {names} of {plan.environment}. It cannot be undone.")
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
