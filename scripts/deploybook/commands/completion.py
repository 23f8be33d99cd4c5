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
    """Print what makes a shell complete commands, sections and other names.

    Parameters, environments and entries among them.
    Switch it on with a line in the shell's start-up file: source <(deploybook completion bash) in ~/.bashrc, the same with zsh in
    ~/.zshrc, deploybook completion fish | source in ~/.config/fish/config.fish.
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click has all three"
    click.echo(kind(ctx.find_root().command, {}, PROGRAM, VARIABLE).source())
