"""``deploybook completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from deploybook.commands.options import Choice
from deploybook.commands.usage import PROGRAM

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_DEPLOYBOOK_COMPLETE"


@click.command("completion")
@click.argument("shell", type=Choice(SHELLS))
@click.pass_context
def print_completion(ctx: click.Context, shell: str) -> None:
    """Print a script that lets a shell complete commands, sections and other names.

    It also completes parameters, environments and entries. To enable it, add one line to the shell's start-up file: in ~/.bashrc
    source <(deploybook completion bash), in ~/.zshrc source <(deploybook completion zsh), in ~/.config/fish/config.fish
    deploybook completion fish | source.
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click has all three"
    click.echo(kind(ctx.find_root().command, {}, PROGRAM, VARIABLE).source())
