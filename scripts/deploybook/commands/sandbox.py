"""``deploybook sandbox``."""

from __future__ import annotations

import asyncio

import click

from deploybook.contract.nearest import did_you_mean
from deploybook.runbook import environment


@click.command("sandbox")
@click.option("--only", multiple=True, metavar="SERVICE", help="Start only this service; may be repeated.")
def run_sandbox(only: tuple[str, ...]) -> None:
    """Run the clouds on loopback in the foreground and print the export lines that point any client at them.

    Ctrl-C ends it and everything in it.
    """
    import os

    from deploybook.sandbox.host import REGISTRY, run

    for name in only:
        if name not in REGISTRY:
            near = did_you_mean(name, REGISTRY)
            raise click.BadParameter(
                f"there is no service {name}. {near}Use one of {', '.join(REGISTRY)}.", param_hint="--only"
            )
    # Nothing of the operator's reaches the sandbox or what it starts.
    kept = environment.machine(os.environ)
    os.environ.clear()
    os.environ.update(kept)
    asyncio.run(run(only=only))
