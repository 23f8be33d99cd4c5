"""``deploybook run``."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from deploybook.commands import offers
from deploybook.commands.dialogue import Dialogue
from deploybook.commands.front import Front, TerminalFront
from deploybook.commands.many import names_many, options, over_environments
from deploybook.commands.options import Choice, ParameterCommand, environments_option, parameter_options
from deploybook.commands.own_app import app_directory, app_parameters, live_parameters, with_its_deployments
from deploybook.commands.parameters import offer_to_keep, parameter_values, parameters_of, typed_for_one_run
from deploybook.commands.run_plan import run_plan
from deploybook.contract.model import Contract, load_contract
from deploybook.contract.tables import ENVIRONMENT
from deploybook.errors import InvalidValue, UnknownParameter
from deploybook.layout import Layout, find_layout
from deploybook.runbook.app_settings import read_app_settings
from deploybook.runbook.credential_sources import Sources, operator_environment
from deploybook.runbook.decisions import Decisions, check_form
from deploybook.runbook.modes import Mode
from deploybook.runbook.settings import Settings, load_settings
from deploybook.runner.changes import PlanFile, changes_of
from deploybook.runner.executors import Executor, Kernels
from deploybook.runner.inputs import find_problems, lacking, refuse_incomplete
from deploybook.runner.plan import Plan
from deploybook.runner.report import RunReport
from deploybook.state.environments import doubt_about, require_environment
from deploybook.state.vault import Vault


@click.command("run", cls=ParameterCommand)
@click.argument("sections", nargs=-1, metavar="[SECTION]...", shell_complete=offers.sections)
@click.option("--mode", type=Choice([mode.value for mode in Mode]), default="dry-run", show_default=True)
@environments_option
@parameter_options
@click.option("--jobs", type=click.IntRange(1, 16), default=2, show_default=True, help="How many sections run at once.")
@click.option("--yes", is_flag=True, help="Apply without showing the plan and asking.")
@click.option(
    "--plan-out", type=click.Path(path_type=Path), metavar="FILE", help="With plan: also write the plan to this file."
)
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With apply: the plan that --plan-out wrote, with its sections and parameters. apply refuses a plan that is out of date.",
)
@click.option(
    "--adopt",
    multiple=True,
    metavar="KIND/NAME",
    help="Adopt what exists and was not made here; KIND/ID if several have the name.",
)
@click.option("--release", multiple=True, metavar="KIND/NAME", help="Stop managing what was made or adopted here.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the report as JSON; everything else goes to standard error."
)
@click.option(
    "--app",
    type=click.Path(path_type=Path),
    help="In a dry run: the application that the sandbox builds and runs, in place of the sample; default: app.directory of the settings.",
)
@click.option(
    "--dialogue",
    is_flag=True,
    help="Report and ask in lines of JSON on standard output, and read the answers from standard input: for programs.",
)
@click.option("--empty-bucket", is_flag=True, help="With destroy: also delete the objects in the bucket.")
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
    plan_out: Path | None,
    plan_file: Path | None,
    adopt: tuple[str, ...],
    release: tuple[str, ...],
    as_json: bool,
    dialogue: bool,
    empty_bucket: bool,
    app: Path | None,
) -> None:
    """Execute the runbooks of the sections (default: all), each one after those that it needs.

    The default mode, dry-run, works in the sandbox and needs no account. In the real clouds plan and verify change nothing, except that
    the checks of verify write scratch objects and remove them; apply shows the plan of all sections and asks once; destroy asks, and
    removes what apply made. The command names everything that is missing before it sends the first request.
    """
    layout = find_layout()
    contract = load_contract(layout.contract)
    if names_many(environment):
        others = (yes, plan_out, plan_file, adopt, release, dialogue, empty_bucket, app)
        words = _words_for_many(Mode(mode), sections, jobs, any(others))
        sys.exit(over_environments(layout, contract, environment, [*words, *options(files, pairs)], as_json=as_json))
    _require_environment(layout, contract, Mode(mode), environment)
    settings = load_settings(layout, contract, environment)
    written = _planned(plan_file, Mode(mode), environment, (sections, pairs, files))
    chosen = _chosen(layout, contract, written.sections if written else sections)
    application = app_directory(layout, environment, app, Mode(mode))
    chosen = with_its_deployments(application, contract, chosen)
    chosen_values = _given(layout, settings, Mode(mode), chosen, application, parameter_values(files, pairs))
    typed = typed_for_one_run(layout, contract, files, pairs)
    parameters: Mapping[str, Mapping[str, Any]]
    if written:
        parameters, typed = written.parameters, replace(typed, values=written.values_besides(settings.parameters))
    else:
        parameters = parameters_of(layout, contract, chosen, chosen_values, settings, rehearsal=mode == Mode.DRY_RUN)
    decisions = _decisions(adopt, release, empty_bucket=empty_bucket)
    plan = Plan(
        layout, contract, Mode(mode), environment, tuple(chosen), parameters, jobs, decisions, application, typed=typed
    )
    _refuse_plan_out(plan.mode, plan_out)
    sources = operator_environment(contract, settings, chosen) if plan.mode.live else Sources()
    front: Front = Dialogue(contract) if dialogue else TerminalFront()
    _complete(plan, front)
    if problems := find_problems(plan, sources.problems):
        front.missing(problems)
    refuse_incomplete(plan, sources.problems)
    _say_left_out(sources)
    with redirect_stdout(sys.stderr) if as_json or dialogue else nullcontext():
        code, report = run_plan(plan, executor or Kernels(), front, yes=yes, plan_out=plan_out, written=written)
        offer_to_keep(plan, settings, pairs)
    if as_json:
        click.echo(json.dumps({"exit_code": code, "run": _data(report)}, indent=1))
    sys.exit(code)


def _require_environment(layout: Layout, contract: Contract, mode: Mode, environment: str) -> None:
    contract.parameters[ENVIRONMENT].validate_value(ENVIRONMENT, environment)
    if mode in {Mode.VERIFY, Mode.DESTROY}:
        require_environment(layout, contract, environment)
    elif mode.live and (doubt := doubt_about(layout, contract, environment)):
        click.echo(doubt, err=True)


def _words_for_many(mode: Mode, sections: Sequence[str], jobs: int, others: bool) -> list[str]:
    if mode not in {Mode.VERIFY, Mode.PLAN}:
        raise InvalidValue(
            f"--environment names several, and --mode {mode} is for one at a time.",
            "Use --mode verify or --mode plan, which change nothing, or name one environment.",
        )
    if others:
        raise InvalidValue(
            "--environment names several: only sections, --mode, --jobs, -f, -p and --json go with it.",
            "Leave the other options out, or name one environment.",
        )
    return ["run", *sections, "--mode", mode, "--jobs", str(jobs)]


def _given(
    layout: Layout,
    settings: Settings,
    mode: Mode,
    chosen: Sequence[str],
    application: Path | None,
    typed: Mapping[str, object],
) -> dict[str, object]:
    """The values that were typed, and those that follow from where the application is."""
    if mode.live:
        return {**live_parameters(layout, settings.environment, settings, chosen, typed), **typed}
    folder = read_app_settings(layout, settings.environment).modal_directory
    return {**app_parameters(application, settings, chosen, folder), **typed}


def _decisions(adopt: tuple[str, ...], release: tuple[str, ...], *, empty_bucket: bool) -> Decisions:
    check_form("--adopt", adopt)
    check_form("--release", release)
    return Decisions(adopt, release, empty_bucket)


def _refuse_plan_out(mode: Mode, plan_out: Path | None) -> None:
    if plan_out and mode is not Mode.PLAN:
        raise InvalidValue(
            "--plan-out needs --mode plan, because only plan writes one.", "Leave it out, or add --mode plan."
        )


def _say_left_out(sources: Sources) -> None:
    for name, problem in sources.problems.items():
        click.echo(f"{name} is not set: {problem}. The checks that would use it are left out.", err=True)


def _data(report: RunReport) -> dict[str, Any]:
    """The report as it is on the disk, and in ``plan`` what would change."""
    changes = {"changes": [asdict(change) for change in changes_of(report)]} if report.mode == Mode.PLAN else {}
    return report.data() | changes


def _planned(
    path: Path | None, mode: Mode, environment: str, others: tuple[tuple[object, ...], ...]
) -> PlanFile | None:
    """The plan to apply, if one is named."""
    if path is None:
        return None
    if mode is not Mode.APPLY or any(others):
        raise InvalidValue(
            "--plan needs --mode apply, and takes sections and parameters from the plan.",
            f"Run deploybook run --mode apply --plan {shlex.quote(str(path))}.",
        )
    written = PlanFile.read(path)
    if written.environment != environment:
        raise InvalidValue(
            f"{path} is a plan for {written.environment}, not for {environment}.",
            f"Add --environment {written.environment}.",
        )
    return written


def _chosen(layout: Layout, contract: Contract, sections: Sequence[str]) -> list[str]:
    for slug in sections:
        contract.section(slug)
        if not layout.notebook(slug).exists():
            raise UnknownParameter(
                f"The {slug} section has no runbook yet.", "deploybook list shows those that have one."
            )
    written = [slug for slug in contract.order() if layout.notebook(slug).exists()]
    return [slug for slug in written if not sections or slug in sections]


def _complete(plan: Plan, front: Front) -> None:
    """Ask for the values that only the operator has and that the vault lacks; where nobody answers the plan refuses to run."""
    for variable in lacking(plan) if front.answers else []:
        value = front.value(variable)
        Vault(plan.layout.state, plan.environment).put({variable.name: value})
        click.echo(f"{variable.name} is in the vault of {plan.environment}.", err=not isinstance(front, TerminalFront))
