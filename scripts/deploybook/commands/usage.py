"""What click refuses, said as everything else is: one sentence on what is wrong, one on what to do, the link; and the line corrected."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

import click

from deploybook.contract.nearest import mistyped
from deploybook.errors import DeploybookError, InvalidValue

PROGRAM = "deploybook"


def error_of(refusal: click.UsageError) -> DeploybookError:
    """Our error for one of click's."""
    path = refusal.ctx.command_path if refusal.ctx else PROGRAM
    lists = f"Run {path} --help: it lists the arguments and options."
    if isinstance(refusal, click.NoSuchOption):
        options = [option for parameter in _parameters(refusal.ctx) for option in parameter.opts if len(option) > 2]
        return mistyped(f"There is no option {refusal.option_name}.", refusal.option_name, options, lists)
    if isinstance(refusal, click.MissingParameter):
        name = refusal.param.opts[-1] if isinstance(refusal.param, click.Option) else _metavar(refusal)
        return InvalidValue(f"{path} needs {name}, which is missing.", lists)
    if isinstance(refusal, click.BadParameter):
        name = refusal.param.opts[-1] if refusal.param else str(refusal.param_hint or "a value")
        return InvalidValue(f"{name}: {_sentence(refusal.message)}", lists)
    return InvalidValue(_sentence(refusal.message), lists)


def correct(line: Sequence[str], error: DeploybookError) -> str:
    """The command line with what was probably meant in place of each word that was mistyped, quoted for a shell; empty if there is none."""
    words, changed = list(line), False
    for typed, meant in error.corrections.items():
        at = next((at for at, word in enumerate(words) if typed in _forms(word)), None)
        if at is not None:
            # The name before the sign stays where the value was mistyped, and the value where the name was.
            name, sign, value = words[at].partition("=")
            whole = words[at] == typed or typed == words[at].rpartition("#")[2]
            words[at] = meant if whole else f"{meant}={value}" if name == typed else f"{name}{sign}{meant}"
            changed = True
    command = shlex.join([PROGRAM, *words])
    if command.endswith("."):
        # A folder's name, and not the period of the sentence in which the command stands.
        command = f"{command[: -len(words[-1])]}'{words[-1]}'"
    return command if changed else ""


def _forms(word: str) -> Iterable[str]:
    """What may be mistyped in a word: all of it, the name or the value around a sign, the entry in a link."""
    name, sign, value = word.partition("=")
    return (word, word.rpartition("#")[2], *((name, value) if sign else ()))


def _parameters(ctx: click.Context | None) -> Sequence[click.Parameter]:
    return ctx.command.get_params(ctx) if ctx else ()


def _metavar(refusal: click.MissingParameter) -> str:
    return refusal.param.make_metavar(refusal.ctx) if refusal.param and refusal.ctx else "an argument"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
