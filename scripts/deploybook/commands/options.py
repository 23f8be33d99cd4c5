"""The options that several commands share, each worded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from deploybook.commands import offers
from deploybook.commands.group import Group
from deploybook.commands.parameters import typed_for_one_run
from deploybook.contract.model import load_contract
from deploybook.contract.nearest import nearest
from deploybook.contract.shown_commands import completed
from deploybook.contract.validation import DEFAULT_ENVIRONMENT
from deploybook.errors import DeploybookError, InvalidValue
from deploybook.layout import find_layout

Command = TypeVar("Command", bound=Callable[..., Any])


def environment_option(command: Command, *, about: str = "Names the vault.") -> Command:
    """``--environment``, passed on as ``environment``; ``about`` is what its help says."""
    return click.option(
        "--environment",
        default="production",
        show_default=True,
        help=about,
        shell_complete=offers.environments,
    )(command)


def environments_option(command: Command) -> Command:
    """``--environment`` of a command that takes several at once; ``many.names_many`` says whether it was given them."""
    about = "The environment to work on. A mode that changes nothing also takes several, such as 'eu-*,us'."
    return environment_option(command, about=about)


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
        help="One parameter for this run, also as NAME=VALUE; overrides files and settings.",
        shell_complete=offers.parameters,
    )
    return files(pairs(command))


class OperatorCommand(click.Command):
    """A command whose errors can be pasted: the commands in their hints name its environment and repeat what was typed for it."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; its error's hint is completed on the way out."""
        try:
            return super().invoke(ctx)
        except DeploybookError as error:
            error.hint = _completed(error.hint, ctx)
            if ctx.params.get("dialogue"):
                _tell(error)
            raise


def _tell(error: DeploybookError) -> None:
    """Have the program that stands between know what standard error says, too."""
    from deploybook.commands.dialogue import tell_refusal

    # What the error is about may be the contract.
    with suppress(DeploybookError, OSError):
        tell_refusal(error, load_contract(find_layout().contract))


def _completed(hint: str, ctx: click.Context) -> str:
    environment = str(ctx.params.get("environment") or DEFAULT_ENVIRONMENT)
    files, pairs = ctx.params.get("files", ()), ctx.params.get("pairs", ())
    # What the error is about may be what is read here, the contract or one of the files.
    with suppress(DeploybookError, OSError):
        layout = find_layout()
        contract = load_contract(layout.contract)
        hint = completed(hint, contract, environment)
        return completed(hint, contract, environment, typed_for_one_run(layout, contract, files, pairs))
    return hint


class ParameterCommand(OperatorCommand):
    """A command with ``-p``, which takes NAME VALUE and NAME=VALUE alike."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take ``-p NAME=VALUE`` apart before click, which counts words, sees it."""
        return super().parse_args(ctx, list(_apart(args)))


class OperatorGroup(Group):
    """A group of such commands."""

    command_class = OperatorCommand


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

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Raise InvalidValue for another word."""
        del ctx
        if value in self.choices:
            return str(value)
        named = param.opts[-1] if param else "a word"
        error = InvalidValue(f"{named} is {value!r}.", f"Use one of {', '.join(self.choices)}.")
        raise error.suggesting(str(value), nearest(str(value), self.choices))
