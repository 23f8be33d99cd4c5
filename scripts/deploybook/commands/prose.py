"""Sentences on a terminal: broken between words at its width. A command is never broken: it is there to be copied."""

from __future__ import annotations

import shutil
import sys
import textwrap

import click


def say(text: str, indent: int = 0) -> None:
    """Print one paragraph; what does not fit on the first line stands ``indent`` columns in."""
    click.echo(wrapped(text, indent))


def wrapped(text: str, indent: int = 0) -> str:
    """The paragraph as it fits on the terminal; on one line where there is none."""
    width = shutil.get_terminal_size().columns
    if not sys.stdout.isatty() or len(text) <= width:
        return text
    return textwrap.fill(
        text,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
