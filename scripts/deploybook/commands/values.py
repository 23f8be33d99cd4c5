"""Reads a variable's value from the operator: typed without echo, or from standard input. Never from an argument: others can read it."""

from __future__ import annotations

import sys

import click
from pydantic import SecretStr

from deploybook.contract.definitions import Variable
from deploybook.errors import InvalidValue, MissingVariable


def is_terminal() -> bool:
    """Whether somebody sits there who sees a question, too, that can be left unanswered."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def value_for(variable: Variable) -> SecretStr:
    """Ask for the value at a terminal, else read standard input; raises InvalidValue if it does not match the variable's pattern."""
    return prompted(variable) if sys.stdin.isatty() else _valid(variable, _piped(variable))


def prompted(variable: Variable) -> SecretStr:
    """The value, typed or pasted without echo."""
    try:
        typed = str(click.prompt(variable.name, hide_input=True, default="", show_default=False))
    except click.Abort:
        typed = ""
    return _valid(variable, typed)


def _piped(variable: Variable) -> str:
    try:
        # A line break at the end is the pipe's; any other white space is refused.
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InvalidValue(f"{variable.name} is not text in UTF-8.", "Pass it as UTF-8 text.") from None


def _valid(variable: Variable, value: str) -> SecretStr:
    if not value:
        raise MissingVariable(
            f"No value was given for {variable.name}.", "Enter it when asked, or pass it on standard input."
        )
    variable.validate_value(value)
    return SecretStr(value)
