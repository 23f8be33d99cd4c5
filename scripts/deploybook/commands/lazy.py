"""Commands that are imported when they are used: ``--version`` and ``--help`` need none of what the commands need."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, MutableMapping
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem

from deploybook.commands.group import Group


class Source(NamedTuple):
    """A command's function in the module of its name, and the first sentence of its help."""

    function: str
    summary: str


class LazyCommands(MutableMapping[str, click.Command]):
    """A group's commands by name; each is imported when it is read."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = sources
        self._imported: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._imported:
            function = self.sources[name].function
            self._imported[name] = getattr(importlib.import_module(f"{__package__}.{name}"), function)
        return self._imported[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._imported[name] = command

    def __delitem__(self, name: str) -> None:
        del self._imported[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.sources)

    def __len__(self) -> int:
        return len(self.sources)


class LazyGroup(Group):
    """A group that lists its commands without importing them."""

    commands: LazyCommands

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with its whole summary."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, source.summary) for name, source in self.commands.sources.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of commands, and the group's own options."""
        sources = self.commands.sources.items()
        names = [CompletionItem(name, help=source.summary) for name, source in sources if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)
