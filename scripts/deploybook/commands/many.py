"""A command over many environments at once, which ``--environment`` names by patterns: a line for each as it ends, a table at the end."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploybook.contract.model import Contract
from deploybook.errors import InvalidValue
from deploybook.layout import Layout
from deploybook.state.environments import known_environments, require_environment

if TYPE_CHECKING:
    from deploybook.proving.scenarios import Outcome

# A live section takes minutes where something is slow; nothing takes this long.
LONGEST_SECONDS = 3600.0


def names_many(environment: str) -> bool:
    """Whether ``--environment`` is a list or a pattern, such as ``eu-*,us``: no environment's name has these characters."""
    return any(sign in environment for sign in "*?,")


def matching(layout: Layout, contract: Contract, environment: str) -> list[str]:
    """The environments that a list of names and patterns means, each once, in its order; raises InvalidValue for one that means none."""
    environments = known_environments(layout, contract)
    names: dict[str, None] = {}
    for word in filter(None, (part.strip() for part in environment.split(","))):
        if "*" in word or "?" in word:
            matches = [name for name in environments if fnmatchcase(name, word)]
            if not matches:
                hint = f"There are {', '.join(environments)}." if environments else "None was made from this checkout."
                raise InvalidValue(f"No environment matches {word}.", hint)
        else:
            require_environment(layout, contract, word)
            matches = [word]
        names |= dict.fromkeys(matches)
    if not names:
        raise InvalidValue(
            f"--environment {environment} names no environment.", "Name one, or a pattern such as 'eu-*'."
        )
    return list(names)


def over_environments(
    layout: Layout, contract: Contract, environment: str, words: Sequence[str], *, as_json: bool
) -> int:
    """Run ``deploybook`` with these words in each; gives the highest of their exit codes."""
    from rich.console import Console

    from deploybook.proving.environments import SOURCE, scenarios
    from deploybook.proving.places import ThisMachine
    from deploybook.proving.progress import Progress
    from deploybook.proving.scenarios import chunks

    every = scenarios(matching(layout, contract, environment), words)
    outcomes: list[Outcome] = []
    place = ThisMachine(layout.root, min(os.cpu_count() or 1, len(every)), LONGEST_SECONDS, dict(os.environ))
    with Progress(Console(stderr=as_json), " ".join(words), len(every), verbose=True) as progress:

        def ended(outcome: Outcome) -> None:
            outcomes.append(outcome)
            progress.ended(outcome)

        place.run(SOURCE, chunks(every, len(every)), ended)
    order = [scenario.name for scenario in every]
    outcomes.sort(key=lambda outcome: order.index(outcome.name))
    if as_json:
        click.echo(json.dumps({outcome.name: outcome.data for outcome in outcomes}, indent=1))
    else:
        _print_table(outcomes)
    return max(int(outcome.data.get("exit_code", 1)) for outcome in outcomes)


def options(files: Sequence[Path], pairs: Sequence[tuple[str, str]]) -> list[str]:
    """``-f`` and ``-p`` as they were given."""
    return [
        *(word for path in files for word in ("-f", str(path))),
        *(word for pair in pairs for word in ("-p", *pair)),
    ]


def _print_table(outcomes: Sequence[Outcome]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Environment", "", "How it went", "Took", box=None, pad_edge=False)
    for outcome in outcomes:
        table.add_row(outcome.name, "✓" if outcome.holds else "✗", outcome.detail, f"{outcome.seconds:.1f} s")
    console = Console()
    console.print()
    console.print(table, markup=False)
