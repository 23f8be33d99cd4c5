"""``deploybook serve``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from deploybook.contract.model import load_contract
from deploybook.errors import InvalidValue
from deploybook.layout import Layout, find_layout
from deploybook.runbook import environment

PORT = 8321


@click.command("serve")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="The port on loopback; 0 chooses a free one.",
)
@click.option(
    "--site",
    type=click.Path(path_type=Path),
    help="The folder of a built guide; default: build/site, which is built if necessary.",
)
def serve_guide(port: int, site: Path | None) -> None:
    """Serve the guide on loopback, with buttons that run each section: dry run, plan, apply, verify and destroy.

    Open the address that the command shows: it admits one browser, once. A run continues when you close the page. This process alone
    keeps the credentials that you type into a page, in its memory. Ctrl-C ends the server, a run before its next request, and the
    JupyterLab that a page has started.
    """
    from deploybook.serve.server import Server, host_name, listening
    from deploybook.serve.workshop import Workshop

    layout = find_layout()
    workshop = Workshop(layout, load_contract(layout.contract), os.environ)
    folder = site or _built(layout)
    if not (folder / "index.html").is_file():
        raise InvalidValue(
            f"There is no built guide in {folder}.", "Leave --site out, or set it to a folder that mkdocs built."
        )
    bound = listening(port)
    host = f"{host_name(layout.state)}:{bound.getsockname()[1]}"

    def announce(address: str) -> None:
        click.echo(f"open {address}")

    Server(workshop, folder, host, announce).run(sockets=[bound])


def _built(layout: Layout) -> Path:
    """The guide in build/site, built anew if a page has changed since. Raises InvalidValue if it cannot be built."""
    site = layout.root / "build" / "site"
    sources = [layout.root / "mkdocs.yml", layout.contract, *(layout.root / "docs").rglob("*")]
    index = site / "index.html"
    if index.is_file() and index.stat().st_mtime >= max(path.stat().st_mtime for path in sources if path.is_file()):
        return site
    click.echo("building the guide …", err=True)
    completed = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(site)],
        cwd=layout.root,
        env=environment.machine(os.environ) | {"NO_MKDOCS_2_WARNING": "1"},
        check=False,
    )
    if completed.returncode:
        raise InvalidValue("The guide cannot be built.", "Fix what mkdocs reports above, then run this again.")
    return site
