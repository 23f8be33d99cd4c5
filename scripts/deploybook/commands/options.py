"""The options that several commands share, each worded once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def environment_option(command: Command) -> Command:
    """``--environment``, passed on as ``environment``."""
    return click.option("--environment", default="production", show_default=True, help="Names the vault.")(command)


def parameter_options(command: Command) -> Command:
    """``-f`` and ``-p``, passed on as ``files`` and ``pairs``; ``parameter_values`` reads both."""
    files = click.option(
        "-f",
        "files",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A YAML file of parameters, as for papermill.",
    )
    pairs = click.option(
        "-p", "pairs", multiple=True, nargs=2, metavar="NAME VALUE", help="One parameter; goes before files."
    )
    return files(pairs(command))
