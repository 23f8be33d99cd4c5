"""``deploybook env``: the variables of one environment, listed, compared and exported."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from deploybook.clouds.comparison import DriftStatus, VariableDrift
from deploybook.clouds.connections import Connections
from deploybook.commands.context import CommandContext
from deploybook.commands.options import OperatorGroup, ParameterCommand, environment_option, parameter_options
from deploybook.commands.parameters import parameter_values
from deploybook.commands.values import value_for
from deploybook.contract.consumers import require, variables_for
from deploybook.contract.definitions import Consumer, Variable
from deploybook.contract.inventory import InventoryRow, track
from deploybook.contract.model import Contract
from deploybook.contract.nearest import mistyped
from deploybook.contract.validation import refuse_broken
from deploybook.diagnosis.env_status import ComparedProvider, Question, Status, ask, compared_providers
from deploybook.errors import InvalidValue, MissingVariable, VerificationFailed
from deploybook.state.env_file import default_path, export, writable
from deploybook.state.last_writes import LastWrites
from deploybook.state.pins import Pins

STYLES = {
    DriftStatus.EQUAL: "green",
    DriftStatus.DIFFERS: "bold red",
    DriftStatus.MISSING: "bold red",
    DriftStatus.OTHER_TARGET: "bold red",
    DriftStatus.ONLY_THERE: "yellow",
    DriftStatus.UNTELLABLE: "yellow",
    DriftStatus.NOT_ASKED: "dim",
}


@click.group("env", cls=OperatorGroup)
def env() -> None:
    """List, set, compare or export the variables of one environment."""


_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


@env.command("list")
@environment_option
@click.option("--fingerprints", is_flag=True, help="Show each secret's fingerprint: eight hex digits for comparison.")
@_as_json
def list_variables(environment: str, fingerprints: bool, as_json: bool) -> None:
    """List every variable, never its value: who produces it, who consumes it, whether it is secret and in the vault."""
    context = CommandContext.open(environment)
    rows = track(context.contract, context.vault.all(), os.environ)
    if as_json:
        context.print_json({"variables": [_row(row) | _print_of(row, fingerprints) for row in rows]})
        return
    headings = ["variable", "produced by", "consumers", "secret", "in the vault"]
    table = _table(*headings, *(["fingerprint"] if fingerprints else []))
    for row in rows:
        cells = [row.name, row.source, ", ".join(row.variable.consumers), _yes(row.variable.secret), row.where]
        table.add_row(*cells, *([row.fingerprint] if fingerprints else []))
    context.print(table)


@env.command("status", cls=ParameterCommand)
@environment_option
@parameter_options
@_as_json
def show_status(environment: str, files: tuple[Path, ...], pairs: tuple[tuple[str, str], ...], as_json: bool) -> None:
    """Compare the vault with Vercel, Render and Modal. It changes nothing, and shows no value.

    It leaves out a consumer whose credential is not set. The names of projects and workers come from the runbooks' parameters. The
    exit code is 4 if a variable differs, 3 if a consumer could not be compared, and 2 if none was compared.
    """
    context = CommandContext.open(environment)
    context.require_environment()
    context.take_credentials([credential.name for credential in context.contract.credentials])
    vault_values = context.vault.all()
    parameters = context.parameters(parameter_values(files, pairs))
    providers = compared_providers(context.contract)
    named = [
        variable.name
        for provider in providers
        for place in provider.consumers
        for variable in context.contract.consumed_by(place.name)
    ]
    refuse_broken(context.contract, vault_values, named, environment)
    question = Question(
        context.contract, vault_values, os.environ, LastWrites(context.layout.state, environment), parameters
    )
    with closing(Connections(os.environ, Pins(context.layout.state, environment), context.vault)) as clouds:
        status = ask(question, clouds, providers)
    rows = track(context.contract, vault_values, os.environ)
    if as_json:
        context.print_json(_status_data(rows, status))
    else:
        _print_status(context, providers, rows, status)
    _raise_if_unequal(providers, status)


@env.command("set")
@click.argument("name")
@environment_option
def set_variable(name: str, environment: str) -> None:
    """Put the value of one variable into the vault. The command asks for it without echo, or reads it from standard input.

    Use it for values that only you have, for optional variables, and to restore the right value of any other. The command refuses a
    value that does not have the form that the contract requires.
    """
    context = CommandContext.open(environment)
    variable = context.contract.variable(name)
    _refuse_unsettable(variable)
    context.vault.put({name: value_for(variable)})
    click.echo(f"{name} is in the vault of {environment}.")


def _refuse_unsettable(variable: Variable) -> None:
    if variable.same_as:
        raise InvalidValue(
            f"{variable.name} is another name for {variable.same_as}.", f"Set {variable.same_as} instead."
        )
    if variable.value is not None:
        raise InvalidValue(f"{variable.name} is always {variable.value}.", "Change it in runbooks/contract.toml.")
    if variable.credential:
        raise InvalidValue(f"{variable.name} is not kept in the vault.", f"Export {variable.name} in your shell.")


@env.command("export")
@click.option(
    "--for",
    "name",
    metavar="CONSUMER",
    required=True,
    help="The consumer whose variables are written, as env list names it.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="The file to write; default: .deploybook/ENVIRONMENT.CONSUMER.env.",
)
@environment_option
def export_variables(name: str, output: Path | None, environment: str) -> None:
    """Write one consumer's variables as an env file that only you can read, for a dashboard's import or another tool.

    The file holds secrets in clear text: delete it after use. The command never writes to a terminal, nor to a path in a git repository
    that git does not ignore.
    """
    context = CommandContext.open(environment)
    context.require_environment()
    consumer = _exported(context.contract, name)
    expected = default_path(context.layout, environment, consumer.name)
    path = writable(context.layout, output or expected, expected)
    context.take_credentials(
        [variable.name for variable in context.contract.consumed_by(consumer.name) if variable.credential]
    )
    variables, missing = variables_for(context.contract, consumer.name, context.vault.all(), os.environ, environment)
    require(context.contract, missing, consumer.section, environment)
    export(path, consumer.name, variables)
    for left_out in missing:
        click.echo(f"left out: {left_out} is not known yet", err=True)
    click.echo(f"{len(variables)} variables for {consumer.name}: {path}")


def _exported(contract: Contract, name: str) -> Consumer:
    """The consumer of this name, if its variables can be exported; raises UnknownParameter naming those that can."""
    exported = {consumer.name: consumer for consumer in contract.consumers if consumer.exported}
    if name not in exported:
        raise mistyped(
            f"{name} is not a consumer whose variables can be exported.",
            name,
            exported,
            f"Use one of {', '.join(exported)}.",
        )
    return exported[name]


def _print_status(
    context: CommandContext, providers: Sequence[ComparedProvider], rows: list[InventoryRow], status: Status
) -> None:
    table = _table("variable", "in the vault", *(provider.title for provider in providers))
    for row in rows:
        drift = status.of(row.name)
        cells = [
            _cell([drift[place.name] for place in provider.consumers if place.name in drift]) for provider in providers
        ]
        table.add_row(row.name, row.where, *cells)
    context.print(table)
    context.print_aside(f"{title}: NOT ASKED. {reason}" for title, reason in status.unasked.items())


def _cell(findings: list[VariableDrift]) -> Text:
    text = Text("; ").join(
        Text(drift.standing + (f" ({drift.detail})" if drift.detail else ""), style=STYLES[drift.standing])
        for drift in findings
    )
    return text or Text("–", style="dim")


def _raise_if_unequal(providers: Sequence[ComparedProvider], status: Status) -> None:
    differences = status.differences()
    if differences:
        sections = dict.fromkeys(
            consumer.section
            for provider in providers
            for consumer in provider.consumers
            if any(drift.standing.is_difference for drift in status.by_consumer.get(consumer.name, {}).values())
        )
        raise VerificationFailed(
            f"{len(differences)} variables differ from the vault: {', '.join(differences)}.",
            f"Run the sections that set them again: deploybook run {' '.join(sections)} --mode apply.",
            "drift",
        )
    for problem in status.problems.values():
        raise problem
    if len(status.unasked) == len(providers):
        raise MissingVariable(
            "Nothing was compared, because no consumer's credential is set.",
            "Export one; the prerequisites say where it is made.",
        )


def _row(tracked: InventoryRow) -> dict[str, Any]:
    variable = tracked.variable
    return {
        "name": variable.name,
        "section": variable.section,
        "source": tracked.source,
        "consumers": list(variable.consumers),
        "secret": variable.secret,
        "optional": variable.optional,
        "credential": variable.credential,
        "vault": tracked.in_vault,
    }


def _print_of(tracked: InventoryRow, fingerprints: bool) -> dict[str, str]:
    return {"fingerprint": tracked.fingerprint} if fingerprints and tracked.fingerprint else {}


def _status_data(rows: list[InventoryRow], status: Status) -> dict[str, Any]:
    return {
        "variables": [_row(row) | _drift_data(status.of(row.name)) for row in rows],
        "not_asked": dict(status.unasked),
        "problems": {title: str(problem) for title, problem in status.problems.items()},
    }


def _drift_data(findings: dict[str, VariableDrift]) -> dict[str, Any]:
    details = {place: drift.detail for place, drift in findings.items() if drift.detail}
    return {"consumers": {place: str(drift.standing) for place, drift in findings.items()}, "details": details}


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0)
    return table


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
