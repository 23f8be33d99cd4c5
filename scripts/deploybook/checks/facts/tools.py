"""The commands of others that the guide may use: those that somebody looked up (``tools.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

# Whose grammar is not "program subcommand… options".
_SHELL = "shell"


@cache
def known() -> dict[str, dict[tuple[str, ...], frozenset[str]]]:
    """Each tool's subcommands, as words, with the options that each may have."""
    data = tomllib.loads(Path(__file__).with_name("tools.toml").read_text(encoding="utf-8"))
    result: dict[str, dict[tuple[str, ...], frozenset[str]]] = {}
    for tool, table in data.items():
        commands: dict[tuple[str, ...], frozenset[str]] = {}
        for line in table["commands"]:
            words = line.split()
            subcommand = tuple(word for word in words if not word.startswith("-") and word != ".")
            commands[subcommand] = frozenset(word for word in words if word.startswith("-"))
        result[tool] = commands
    result |= {name: {} for line in data[_SHELL]["commands"] for name in [line]}
    return {tool: commands for tool, commands in result.items() if tool != _SHELL}


def problem(words: Sequence[str]) -> str:
    """Why a command is none that somebody looked up; empty if it is one."""
    if words[0] not in known():
        return f"{words[0]} is no command that the guide knows"
    commands = known()[words[0]]
    if not commands:
        return ""
    plain = [word for word in words[1:] if not word.startswith("-")]
    subcommand = next(
        (plain[:length] for length in range(len(plain), -1, -1) if tuple(plain[:length]) in commands), None
    )
    if subcommand is None:
        return f"`{' '.join(words[:3])}` is no command of {words[0]}'s that somebody looked up"
    allowed = commands[tuple(subcommand)]
    wrong = next((option for option in _options(words[1:]) if option not in allowed), None)
    return f"`{' '.join([words[0], *subcommand])}` has no option {wrong} that somebody looked up" if wrong else ""


def options() -> frozenset[str]:
    """Every option of every tool."""
    return frozenset(option for commands in known().values() for allowed in commands.values() for option in allowed)


def _options(words: Sequence[str]) -> list[str]:
    """Options as the tool reads them: ``-sS`` is two; a lone ``-`` is standard input."""
    as_read: list[str] = []
    for word in words:
        if word.startswith("--"):
            as_read.append(word.partition("=")[0])
        elif word.startswith("-") and len(word) > 1:
            as_read += [f"-{letter}" for letter in word[1:]] if len(word) > 2 and word != "-hex" else [word]
    return as_read
