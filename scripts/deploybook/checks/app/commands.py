"""Commands of scripts and images, by the shell's own grammar, and what npm and its kin are told to run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from deploybook.guide.shell import Command, commands

MANAGERS = frozenset({"npm", "pnpm", "yarn", "bun"})
# What each of them does of its own: any other word after yarn, pnpm or bun is a script of package.json.
OWN = re.compile(
    r"add|audit|cache|ci|config|create|dedupe|deploy|dlx|exec|fetch|help|i|info|init|install|link|list|"
    r"login|ls|outdated|pack|pkg|prune|publish|rebuild|remove|root|set|store|unlink|up|update|upgrade|"
    r"version|why|workspace|workspaces|x"
)
SHORT = frozenset({"start", "stop", "test", "restart"})
WITH_VALUE = frozenset({"--prefix", "-C", "--dir", "--cwd", "-w", "--workspace", "--filter", "-F"})
FOLDERS = frozenset({"--prefix", "-C", "--dir", "--cwd", "-w", "--workspace"})
SHELLS = frozenset({"sh", "bash", "/bin/sh", "/bin/bash"})
SEQUENCES = frozenset({"run-s", "run-p", "npm-run-all"})


@dataclass(frozen=True)
class NpmRun:
    """A script of package.json that a command runs; ``folder`` is where that package.json is, if the command says so."""

    script: str
    folder: str = ""


def simple_commands(text: str) -> tuple[Command, ...]:
    """The simple commands of a text in either of a Dockerfile's forms, `["node", "x.js"]` or `node x.js`.

    A text that is no shell's is taken for one command of words.
    """
    if (words := exec_form(text)) is not None:
        if len(words) > 2 and words[0] in SHELLS and words[1].startswith("-"):
            return simple_commands(words[2])
        return (Command(0, tuple(words)),) if words else ()
    try:
        return commands(text)
    except ValueError:
        return (Command(0, tuple(text.split())),)


def exec_form(text: str) -> list[str] | None:
    """The words of a command in the form of JSON, or None."""
    try:
        listed = json.loads(text)
    except ValueError:
        return None
    return [str(word) for word in listed] if isinstance(listed, list) else None


def npm_run(command: Command) -> NpmRun | None:
    """The script that `npm run X`, `yarn X`, `npm start` and the like run; None for any other command."""
    if command.name in SEQUENCES:
        names = [word for word in command.arguments if not word.startswith("-")]
        return NpmRun(names[0]) if names else None
    if command.name not in MANAGERS:
        return None
    words, folder = [], ""
    for word, value in _options(command.arguments):
        if value is None:
            words.append(word)
        elif word in FOLDERS:
            folder = value
    if not words:
        return None
    if words[0] in {"run", "run-script"}:
        return NpmRun(words[1], folder) if len(words) > 1 else None
    if words[0] in SHORT or (command.name != "npm" and not OWN.fullmatch(words[0])):
        return NpmRun(words[0], folder)
    return None


def workspaces(command: Command) -> list[str]:
    """The workspaces that a command of npm names."""
    return [value for word, value in _options(command.arguments) if value is not None and word in {"-w", "--workspace"}]


def _options(arguments: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
    """Each word; an option that takes one with its value. Other options are left out."""
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in WITH_VALUE and equals:
            yield name, value
        elif word in WITH_VALUE and rest:
            yield word, rest.pop(0)
        elif word == "--":
            return
        elif not word.startswith("-"):
            yield word, None
