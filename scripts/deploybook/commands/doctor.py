"""``deploybook doctor``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from deploybook.commands.context import CommandContext
from deploybook.commands.many import names_many, options, over_environments
from deploybook.commands.options import ParameterCommand, environments_option, parameter_options
from deploybook.commands.parameters import parameter_values, typed_for_one_run
from deploybook.contract.model import load_contract
from deploybook.diagnosis.causes import Cause, causes, set_aside
from deploybook.diagnosis.fixes import SAMPLE, Fixes
from deploybook.diagnosis.observations import NOT_BEGUN, Diagnosis, DiagnosisTarget, Observation, examine
from deploybook.errors import MissingVariable, VerificationFailed
from deploybook.guide.entries import PAGE, read_entries
from deploybook.layout import find_layout
from deploybook.runbook.credential_sources import credential_names
from deploybook.runbook.notebook_file import read_parameters

# More evidence than this is nothing new to an operator.
SHOWN = 5
# Whoever looks for a fault looks often: what costs is asked for.
COSTS_NOTHING: dict[str, object] = {"render": "false"}


@click.command("doctor", cls=ParameterCommand)
@environments_option
@parameter_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def diagnose(environment: str, files: tuple[Path, ...], pairs: tuple[tuple[str, str], ...], as_json: bool) -> None:
    """Find what is wrong, in which service, and the troubleshooting entry that fixes it.

    It runs the checks of every section that you have begun, and changes nothing: the checks remove their own scratch objects. It
    renders a video only with -p render true, because a render costs money. It takes parameters and credentials from the environment's
    settings file. The exit code is 4 if something is wrong, and 2 if nothing could be examined.
    """
    if names_many(environment):
        layout = find_layout()
        words = ["doctor", *options(files, pairs)]
        sys.exit(over_environments(layout, load_contract(layout.contract), environment, words, as_json=as_json))
    context = CommandContext.open(environment)
    context.require_environment()
    context.take_credentials(credential_names(context.contract, context.contract.order()))
    entries = read_entries(context.layout.root / PAGE)
    target = DiagnosisTarget(
        context.layout,
        context.contract,
        environment,
        context.parameters(_costs_nothing(context) | parameter_values(files, pairs)),
    )
    if len(target.left_out()) == len(context.contract.order()):
        raise _nothing(environment, target.left_out())
    diagnosis = set_aside(entries, examine(target, lambda slug: click.echo(f"examined {slug}", err=True)))
    fixes = Fixes.of(target, typed_for_one_run(context.layout, context.contract, files, pairs))
    found_causes = causes(context.contract, entries, diagnosis.observations)
    if as_json:
        context.print_json(_data(diagnosis, found_causes, fixes))
    else:
        context.say(_report(environment, diagnosis, found_causes, fixes))
    if found_causes:
        sys.exit(VerificationFailed.exit_code)


def _costs_nothing(context: CommandContext) -> dict[str, object]:
    """COSTS_NOTHING, as far as there are runbooks that have it."""
    books = [context.layout.notebook(slug) for slug in context.contract.order()]
    declared = {name for book in books if book.exists() for name in read_parameters(book)}
    return {name: value for name, value in COSTS_NOTHING.items() if name in declared}


def _nothing(environment: str, reasons: Mapping[str, str]) -> MissingVariable:
    if set(reasons.values()) == {NOT_BEGUN}:
        return MissingVariable(
            f"{environment} has not been set up from this checkout, so there is nothing to examine.",
            "Run deploybook run --mode plan, or pass the right --environment.",
        )
    return MissingVariable(
        f"No section of {environment} can be examined: {_left_out(reasons)}.", "Export the credentials."
    )


def _report(environment: str, diagnosis: Diagnosis, found_causes: list[Cause], fixes: Fixes) -> list[str]:
    summary = f"{diagnosis.holding} ({environment}, {diagnosis.seconds} s)"
    if diagnosis.left_out:
        summary += f"; not examined: {_left_out(diagnosis.left_out)}"
    remedies = [f"To examine {slug} too: {fixes.completed(hint)}" for slug, hint in diagnosis.remedies.items()]
    if not found_causes:
        return [f"Nothing is wrong: {summary}.", *remedies]
    lines = [line for cause in found_causes for line in [*_cause_lines(cause, fixes), ""]]
    follow = found_causes[0].consequences
    if follow:
        lines += [f"Probably consequences of it: {_count(len(follow))} in {_sections(follow)}.", ""]
    return [*lines, *remedies, f"{summary[0].upper()}{summary[1:]}. After the fix, run doctor again."]


def _cause_lines(cause: Cause, fixes: Fixes) -> list[str]:
    lines = [f"✗ {cause.entry.title} — {', '.join(cause.sections)}"]
    lines += [f"    {observation}" for observation in cause.evidence[:SHOWN]]
    lines += [f"    and {_count(len(cause.evidence) - SHOWN)} more"] * (len(cause.evidence) > SHOWN)
    hint, commands = cause.evidence[0].hint, _fix(cause, fixes)
    if hint and (SAMPLE in cause.entry.marks or not commands):
        lines += [f"  what to do: {fixes.completed(hint)}"]
    if commands:
        lines += ["  fix:", *(f"    {command}" for command in commands)]
    lines += [f"    with <{name}>: {meaning}" for name, meaning in fixes.unknown(commands).items()]
    return [*lines, f"  see {cause.entry.link}"]


def _fix(cause: Cause, fixes: Fixes) -> list[str]:
    evidence = [f"{observation} {observation.hint}" for observation in cause.evidence]
    return fixes.commands(cause.entry, cause.sections, evidence)


def _count(number: int) -> str:
    return "1 claim" if number == 1 else f"{number} claims"


def _sections(observations: tuple[Observation, ...]) -> str:
    return ", ".join(dict.fromkeys(observation.section for observation in observations))


def _left_out(reasons: Mapping[str, str]) -> str:
    return ", ".join(f"{slug} ({reason.rstrip('.')})" for slug, reason in reasons.items())


def _data(diagnosis: Diagnosis, found_causes: list[Cause], fixes: Fixes) -> dict[str, Any]:
    """``causes``: entry, link, sections, evidence, fix and hint of each; and what the examination says of itself."""
    rows: list[dict[str, Any]] = [
        {
            "entry": cause.entry.id,
            "title": cause.entry.title,
            "link": cause.entry.link,
            "sections": list(cause.sections),
            "evidence": [str(observation) for observation in cause.evidence],
            "fix": _fix(cause, fixes),
            "hint": fixes.completed(cause.evidence[0].hint),
        }
        for cause in found_causes
    ]
    return {
        "causes": rows,
        "consequences": [str(observation) for observation in found_causes[0].consequences] if found_causes else [],
        "held": diagnosis.held,
        "seconds": diagnosis.seconds,
        "left_out": dict(diagnosis.left_out),
        "remedies": {slug: fixes.completed(hint) for slug, hint in diagnosis.remedies.items()},
    }
