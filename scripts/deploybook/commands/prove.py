"""``deploybook prove``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploybook.commands.options import Choice
from deploybook.errors import InvalidValue, VerificationFailed
from deploybook.layout import find_layout
from deploybook.proving.kinds import KINDS, require_checkout
from deploybook.proving.scenarios import Outcome, Scenario, chunks, load_source
from deploybook.proving.scenarios import shard as cut

if TYPE_CHECKING:
    from deploybook.proving.places import Place

# A scenario takes seconds, its bench a minute; on a machine that has much else to do ten times as long.
LONGEST_SECONDS = 1200.0
_SHARD = re.compile(r"([1-9]\d*)/([1-9]\d*)")


@click.command("prove")
@click.argument("kinds", nargs=-1, required=True, metavar="KIND...", type=Choice(KINDS))
@click.option("--list", "only_list", is_flag=True, help="List the scenarios, and prove none.")
@click.option(
    "--only", multiple=True, metavar="TEXT", help="Prove only scenarios whose name contains this. May be repeated."
)
@click.option("--shard", metavar="N/M", help="Prove only this part of them, such as 3/10: the third of ten.")
@click.option("--again", is_flag=True, help="Prove only those that failed at their last try.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="How many scenarios run at once; default: one for each core of this machine.",
)
@click.option("--on", "address", metavar="ADDRESS", help="Prove on a Dask cluster, such as tcp://scheduler:8786.")
@click.option("--junit", type=click.Path(path_type=Path), help="Also write the outcomes to this file, as JUnit XML.")
@click.option("-v", "--verbose", is_flag=True, help="Also print a line for each scenario that holds.")
def prove_kinds(
    kinds: tuple[str, ...],
    only_list: bool,
    only: tuple[str, ...],
    shard: str | None,
    again: bool,
    workers: int | None,
    address: str | None,
    junit: Path | None,
    verbose: bool,
) -> None:
    """Prove what the guide promises, scenario by scenario, in sandboxes: entries, wires, crash points, faults and other kinds.

    It works in a checkout of deploybook only. It keeps the last try of each scenario in build/proofs/, from which the site shows what
    was proved, when and where. The exit code is 4 if a scenario does not hold.
    """
    root = find_layout().root
    require_checkout(root)
    part = part_of(shard) if shard else None
    if address and workers:
        raise InvalidValue(
            "--workers applies to this machine only; a cluster has its own workers.", "Leave --workers out."
        )
    # The sources are the checkout's, and no part of the package.
    sys.path.insert(0, str(root))
    failed = 0
    every: dict[str, list[Outcome]] = {}
    for kind in dict.fromkeys(kinds):
        chosen = _chosen(root, kind, only, part, again)
        if only_list:
            click.echo("\n".join(scenario.name for scenario in chosen))
            continue
        place = _place(root, address, workers or os.cpu_count() or 1)
        every[kind] = _prove(root, kind, chosen, place, part, verbose=verbose)
        failed += sum(not outcome.holds for outcome in every[kind])
    if junit and not only_list:
        from deploybook.proving.results import write_junit

        write_junit(junit, every)
    if failed:
        sys.exit(VerificationFailed.exit_code)


def part_of(text: str) -> tuple[int, int]:
    """``3/10`` as 3 and 10; raises InvalidValue for what is no part."""
    match = _SHARD.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise InvalidValue(f"--shard {text} is not a shard.", "Use the form 3/10, the third of ten parts.")
    return int(match[1]), int(match[2])


def _chosen(root: Path, kind: str, only: Sequence[str], part: tuple[int, int] | None, again: bool) -> list[Scenario]:
    """The scenarios that the options leave; a shard is one of those that ``--only`` and ``--again`` leave."""
    scenarios = load_source(KINDS[kind].source).scenarios()
    chosen = [scenario for scenario in scenarios if not only or any(text in scenario.name for text in only)]
    if only and not chosen:
        raise InvalidValue(
            f"No scenario of {kind} has {' or '.join(only)} in its name.",
            "Add --list in place of --only: it prints the names.",
        )
    if again:
        from deploybook.proving.results import read_results

        tried = read_results(root, kind)
        chosen = [one for one in chosen if one.name in tried and not tried[one.name].holds]
    return cut(chosen, *part) if part else chosen


def _place(root: Path, address: str | None, workers: int) -> Place:
    if address:
        from deploybook.proving.cluster import Cluster

        return Cluster(address, root, LONGEST_SECONDS)
    from deploybook.proving.places import ThisMachine

    return ThisMachine(root, workers, LONGEST_SECONDS)


def _prove(
    root: Path, kind: str, chosen: Sequence[Scenario], place: Place, part: tuple[int, int] | None, *, verbose: bool
) -> list[Outcome]:
    """Prove them and keep the outcomes, those of a run that is interrupted too."""
    from rich.console import Console

    from deploybook.proving.progress import Progress
    from deploybook.proving.results import Run, keep

    began, at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    outcomes: list[Outcome] = []
    workers, commit = place.workers, _commit(root)
    try:
        with Progress(Console(), kind, len(chosen), verbose=verbose) as progress:

            def ended(outcome: Outcome) -> None:
                outcomes.append(outcome)
                progress.ended(outcome)

            place.run(KINDS[kind].source, chunks(chosen, workers), ended)
    finally:
        seconds = round(time.monotonic() - began, 1)
        run = Run(at, commit, place.name, workers, seconds, len(chosen))
        path = keep(root, kind, run, outcomes, f"{part[0]}-of-{part[1]}" if part else "")
    holding = sum(outcome.holds for outcome in outcomes)
    for outcome in outcomes:
        if not outcome.holds:
            click.echo(f"✗ {outcome.name}: {outcome.detail}")
    click.echo(f"{kind}: {holding} of {len(chosen)} hold, in {seconds:.1f} s on {place.name}, {workers} at once")
    click.echo(f"kept in {path.relative_to(root)}")
    return outcomes


def _commit(root: Path) -> str:
    completed = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return completed.stdout.strip()
