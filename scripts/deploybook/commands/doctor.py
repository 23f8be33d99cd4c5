"""``deploybook doctor``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from deploybook.commands.context import CommandContext
from deploybook.commands.options import environment_option, parameter_options
from deploybook.commands.parameters import given_parameters
from deploybook.diagnosis.causes import Cause, causes
from deploybook.diagnosis.observations import NOT_BEGUN, Diagnosis, DiagnosisTarget, Observation, examine
from deploybook.errors import MissingVariable, VerificationFailed
from deploybook.guide.entries import PAGE, read_entries

# More evidence than this tells an operator nothing new.
SHOWN = 5


@click.command("doctor")
@environment_option
@parameter_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def diagnose(environment: str, files: tuple[Path, ...], pairs: tuple[tuple[str, str], ...], as_json: bool) -> None:
    """Find what is wrong, in which service, and the troubleshooting entry that mends it.

    Runs the checks of every section that was begun. Changes nothing; the checks remove their own scratch objects. Give the parameters that
    you gave to run. The exit code is 4 if something is wrong, 2 if nothing could be examined.
    """
    context = CommandContext.open(environment)
    entries = read_entries(context.layout.root / PAGE)
    ward = DiagnosisTarget(
        context.layout, context.contract, environment, context.parameters(given_parameters(files, pairs))
    )
    if len(ward.left_out()) == len(context.contract.order()):
        raise _nothing(environment, ward.left_out())
    examination = examine(ward, lambda slug: click.echo(f"examined {slug}", err=True))
    found = causes(context.contract, entries, examination.observations)
    if as_json:
        context.print_json(_data(examination, found))
    else:
        for line in _report(environment, examination, found):
            click.echo(context.redactor.text(line))
    if found:
        sys.exit(VerificationFailed.exit_code)


def _nothing(environment: str, reasons: Mapping[str, str]) -> MissingVariable:
    if set(reasons.values()) == {NOT_BEGUN}:
        return MissingVariable(
            f"Nothing of {environment} has been set up from this checkout: there is nothing to examine.",
            "Run deploybook run --mode plan, or give the right --environment.",
        )
    return MissingVariable(
        f"Nothing of {environment} can be examined: {_left_out(reasons)}.", "Export the credentials."
    )


def _report(environment: str, examination: Diagnosis, found: list[Cause]) -> list[str]:
    told = f"{examination.holding} ({environment}, {examination.seconds} s)"
    if examination.left_out:
        told += f"; not examined: {_left_out(examination.left_out)}"
    if not found:
        return [f"Nothing is wrong: {told}."]
    lines = [line for cause in found for line in [*_told(cause), ""]]
    follow = found[0].consequences
    if follow:
        lines += [f"What follows from it, most likely: {_count(len(follow))} in {_sections(follow)}.", ""]
    return [*lines, f"{told[0].upper()}{told[1:]}. After the fix, run doctor again."]


def _told(cause: Cause) -> list[str]:
    lines = [f"✗ {cause.entry.title} — {', '.join(cause.sections)}"]
    lines += [f"    {each}" for each in cause.evidence[:SHOWN]]
    lines += [f"    and {_count(len(cause.evidence) - SHOWN)} more"] * (len(cause.evidence) > SHOWN)
    if cause.entry.commands:
        lines += ["  fix:", *(f"    {command}" for command in cause.entry.commands)]
    elif cause.evidence[0].hint:
        lines += [f"  fix: {cause.evidence[0].hint}"]
    return [*lines, f"  see {cause.entry.link}"]


def _count(number: int) -> str:
    return "1 claim" if number == 1 else f"{number} claims"


def _sections(observations: tuple[Observation, ...]) -> str:
    return ", ".join(dict.fromkeys(each.section for each in observations))


def _left_out(reasons: Mapping[str, str]) -> str:
    return ", ".join(f"{slug} ({reason})" for slug, reason in reasons.items())


def _data(examination: Diagnosis, found: list[Cause]) -> dict[str, Any]:
    """``causes``: entry, link, sections, evidence and fix of each; ``held``, ``seconds`` and ``left_out`` of the examination."""
    told: list[dict[str, Any]] = [
        {
            "entry": cause.entry.id,
            "title": cause.entry.title,
            "link": cause.entry.link,
            "sections": list(cause.sections),
            "evidence": [str(each) for each in cause.evidence],
            "fix": cause.entry.commands,
        }
        for cause in found
    ]
    return {
        "causes": told,
        "consequences": [str(each) for each in found[0].consequences] if found else [],
        "held": examination.held,
        "seconds": examination.seconds,
        "left_out": dict(examination.left_out),
    }
