"""Runbook parameters as the command line gives them: ``-f`` files and ``-p`` pairs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from deploybook.commands.values import is_terminal
from deploybook.contract.model import Contract
from deploybook.contract.nearest import mistyped
from deploybook.contract.shown_commands import Typed
from deploybook.contract.validation import DEFAULT_ENVIRONMENT
from deploybook.errors import InvalidValue, UnknownParameter
from deploybook.layout import Layout
from deploybook.runbook.modes import Mode
from deploybook.runbook.notebook_file import NotebookParameter, parse_parameter, read_parameters
from deploybook.runbook.settings import Settings, keepable
from deploybook.runbook.settings_edit import Kept, keep
from deploybook.runbook.yaml_file import read_yaml
from deploybook.runner.plan import Plan

# These have options of their own, and are the same for every section.
COMMON = frozenset({"mode", "environment"})


def parameter_values(files: Sequence[Path], pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
    """The values from files and pairs, by name; a pair overrides a file. Raises InvalidValue for a file that is not a mapping."""
    values: dict[str, object] = {}
    for path in files:
        values |= read_yaml(path).values
    return values | dict(pairs)


def typed_for_one_run(
    layout: Layout, contract: Contract, files: Sequence[Path], pairs: Sequence[tuple[str, str]]
) -> Typed:
    """What a command that is shown has to repeat of the one that was typed."""
    notebooks = {slug: layout.notebook(slug) for slug in contract.order()}
    declared = {slug: read_parameters(path).keys() for slug, path in notebooks.items() if path.exists()}
    in_files = {str(path): read_yaml(path).values.keys() for path in files}
    return Typed(parameter_values(files, pairs), in_files, declared)


def parameters_of(
    layout: Layout,
    contract: Contract,
    sections: Sequence[str],
    values: Mapping[str, object],
    settings: Settings,
    *,
    rehearsal: bool = False,
) -> dict[str, dict[str, Any]]:
    """The parsed values for each section: the settings', and ``values`` of this run before them.

    Raises UnknownParameter for one that no selected section has, InvalidValue for one that breaks its rule, with every problem at once.
    A value that is the settings file's own, as with ``-f``, is passed over where no section has use for it.
    """
    declared = {slug: read_parameters(layout.notebook(slug)) for slug in sections}
    chosen = {name: value for name, value in values.items() if not settings.injects(name, value)}
    _refuse(contract, declared, chosen)
    settled = settings.parameters_for(contract, rehearsal=rehearsal)
    return {
        slug: {
            name: parse_parameter(contract, parameters[name], value)
            for name, value in (settled | chosen).items()
            if name in parameters
        }
        for slug, parameters in declared.items()
    }


def _refuse(
    contract: Contract, declared: Mapping[str, Mapping[str, NotebookParameter]], values: Mapping[str, object]
) -> None:
    """Raise one error that names every value which cannot be passed on."""
    problems: list[InvalidValue | UnknownParameter] = []
    by_name = {name: parameter for parameters in declared.values() for name, parameter in parameters.items()}
    for name, value in values.items():
        try:
            if name in COMMON:
                raise UnknownParameter(f"{name} cannot be set as a parameter.", f"Use --{name}.")
            if name not in by_name:
                names = sorted(by_name.keys() - COMMON)
                message = f"No selected runbook has a parameter {name}."
                raise mistyped(message, name, names, f"The parameters are {', '.join(names)}.")
            parse_parameter(contract, by_name[name], value)
        except (InvalidValue, UnknownParameter) as problem:
            problems.append(problem)
    if problems:
        kind = next((UnknownParameter for problem in problems if isinstance(problem, UnknownParameter)), InvalidValue)
        hints = dict.fromkeys(problem.hint for problem in problems)
        error = kind(" ".join(problem.message for problem in problems), " ".join(hints))
        error.corrections = {typed: meant for problem in problems for typed, meant in problem.corrections.items()}
        raise error


def offer_to_keep(plan: Plan, settings: Settings, pairs: Sequence[tuple[str, str]]) -> None:
    """Offer to keep what was given with ``-p`` for this run: ask at a terminal, else name the command. A dry run keeps nothing."""
    values = {name: value for parameters in plan.parameters.values() for name, value in parameters.items()}
    new = {
        name: values[name]
        for name, _ in pairs
        if name in values and keepable(plan.contract, name) and settings.parameters.get(name) != values[name]
    }
    if not new or not plan.mode.live or plan.mode is Mode.DESTROY:
        return
    named = f"runbooks/parameters/{plan.environment}.yaml"
    listed = ", ".join(f"{name}={value}" for name, value in new.items())
    if not is_terminal():
        options = "".join(f" -p {name}={shlex.quote(str(value))}" for name, value in new.items())
        where = "" if plan.environment == DEFAULT_ENVIRONMENT else f" {plan.environment}"
        click.echo(f"for this run only: {listed}; to keep it: deploybook init{where}{options}", err=True)
    elif _confirmed(f"Keep {listed} in {named} for the next runs?"):
        keep(plan.layout, plan.contract, plan.environment, Kept(parameters=new))
        click.echo(f"kept in {named}, which is meant to be committed")


def _confirmed(question: str) -> bool:
    try:
        return click.confirm(question, default=True)
    except click.Abort:
        return False
