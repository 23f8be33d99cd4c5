"""The options that several commands share, each worded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from deploybook.commands import offers
from deploybook.contract.nearest import did_you_mean

Command = TypeVar("Command", bound=Callable[..., Any])


def environment_option(command: Command) -> Command:
    """``--environment``, passed on as ``environment``."""
    return click.option(
        "--environment",
        default="production",
        show_default=True,
        help="Names the vault.",
        shell_complete=offers.environments,
    )(command)


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
        "-p",
        "pairs",
        multiple=True,
        nargs=2,
        metavar="NAME VALUE",
        help="One parameter for this run, also as NAME=VALUE; goes before files and settings.",
        shell_complete=offers.parameters,
    )
    return files(pairs(command))


class ParameterCommand(click.Command):
    """A command with ``-p``, which takes NAME VALUE and NAME=VALUE alike."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take ``-p NAME=VALUE`` apart before click, which counts words, sees it."""
        return super().parse_args(ctx, list(_apart(args)))


def _apart(args: Sequence[str]) -> Iterator[str]:
    waiting = iter(args)
    for word in waiting:
        yield word
        if word == "--":
            yield from waiting
        elif word == "-p" and (pair := next(waiting, None)) is not None:
            name, equals, value = pair.partition("=")
            yield from (name, value) if equals and name.isidentifier() else (pair,)


class Choice(click.Choice[str]):
    """One of some words; a mistyped one is answered with the word that it may have been meant to be."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """click's sentence, and the nearest word."""
        near = did_you_mean(str(value), self.choices).strip()
        return f"{super().get_invalid_choice_message(value, ctx)} {near}".rstrip()
