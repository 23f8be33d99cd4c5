"""``deploybook sandbox``."""

from __future__ import annotations

import asyncio
import sys

import click

from deploybook.contract.nearest import mistyped
from deploybook.runbook import environment


@click.command("sandbox")
@click.option("--only", multiple=True, metavar="SERVICE", help="Start only this service; may be repeated.")
def run_sandbox(only: tuple[str, ...]) -> None:
    """Run the clouds on loopback in the foreground, and print how to point a client at them.

    At a terminal it names a file to source. Into a pipe or a file it writes the export lines themselves. Ctrl-C ends the sandbox and
    everything in it.
    """
    import os

    from deploybook.sandbox.host import REGISTRY, run

    for name in only:
        if name not in REGISTRY:
            raise mistyped(f"There is no service {name}.", name, REGISTRY, f"Use one of {', '.join(REGISTRY)}.")
    # Nothing of the operator's reaches the sandbox or what it starts.
    kept = environment.machine(os.environ)
    os.environ.clear()
    os.environ.update(kept)
    asyncio.run(run(only=only, announce="file" if sys.stdout.isatty() else "exports"))
