"""``deploybook list``."""

from __future__ import annotations

import click

from deploybook.contract.model import load_contract
from deploybook.layout import find_layout


@click.command("list")
def list_sections() -> None:
    """List the sections in the order in which they run, with what each needs and produces."""
    layout = find_layout()
    contract = load_contract(layout.contract)
    for slug in contract.order():
        section = contract.section(slug)
        written = "" if layout.notebook(slug).exists() else "  (not yet written)"
        click.echo(f"{slug:<15} {section.title}{written}")
        click.echo(f"{'':<15} needs     {_names(contract.needed_by(slug))}")
        click.echo(f"{'':<15} produces  {_names(contract.produced_by(slug))}")


def _names(variables: list) -> str:  # type: ignore[type-arg]
    return ", ".join(variable.name for variable in variables) or "nothing"
