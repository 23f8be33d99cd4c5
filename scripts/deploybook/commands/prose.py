"""Sentences on a terminal: broken between words at its width. A command is never broken: it is there to be copied."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

import click

from deploybook.runner import wrapping


def say(text: str, indent: int = 0) -> None:
    """Print one paragraph; what does not fit on the first line stands ``indent`` columns in."""
    click.echo(wrapped(text, indent))


def wrapped(text: str, indent: int = 0, stream: TextIO | None = None) -> str:
    """The lines as they fit on the terminal that ``stream`` (standard output) is; as they are where it is none."""
    if not (stream or sys.stdout).isatty():
        return text
    return wrapping.wrapped(text, shutil.get_terminal_size().columns, " " * indent)
