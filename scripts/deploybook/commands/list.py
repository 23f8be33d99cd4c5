"""``deploybook list``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from deploybook.commands.prose import wrapped
from deploybook.contract.definitions import Variable
from deploybook.contract.model import load_contract
from deploybook.layout import find_layout

INDENT = 16


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def list_sections(as_json: bool) -> None:
    """List the sections in the order in which they run, with what each needs and produces."""
    layout = find_layout()
    contract = load_contract(layout.contract)
    rows: list[dict[str, Any]] = [
        {
            "slug": slug,
            "title": contract.section(slug).title,
            "outcome": contract.section(slug).outcome,
            "runbook": layout.notebook(slug).exists(),
            "after": [other for other in contract.order() if other in contract.comes_after(slug)],
            "needs": _names(contract.needed_by(slug)),
            "produces": _names(contract.produced_by(slug)),
            "credentials": [credential.name for credential in contract.credentials_for(slug)],
        }
        for slug in contract.order()
    ]
    if as_json:
        click.echo(json.dumps({"sections": rows}, indent=1, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row['slug']:<{INDENT}}{row['title']}{'' if row['runbook'] else '  (not yet written)'}")
        for word in ("needs", "produces"):
            click.echo(_line(word, ", ".join(row[word]) or "nothing"))


def _names(variables: Sequence[Variable]) -> list[str]:
    return [variable.name for variable in variables]


def _line(word: str, names: str) -> str:
    """A line that a terminal need not break within a name."""
    line = f"{'':<{INDENT}}{word:<10}{names}"
    return wrapped(line, INDENT + 10)
