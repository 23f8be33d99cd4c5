"""A group of commands that answers a mistyped one with the one that was meant."""

from __future__ import annotations

import click

from deploybook.contract.nearest import mistyped


class Group(click.Group):
    """A group that answers a mistyped command with the one that was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Raise UnknownParameter for a command that is not there."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            names = self.list_commands(ctx)
            message = f"{ctx.command_path} has no command {args[0]}."
            raise mistyped(message, args[0], names, f"Use one of {', '.join(names)}.")
        return super().resolve_command(ctx, args)
