"""``deploybook``: the command line. Errors are one sentence, a hint and a link; exit codes stand in ``errors.py``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from deploybook import __version__
from deploybook.commands.check import check_guide
from deploybook.commands.doctor import diagnose
from deploybook.commands.env import env
from deploybook.commands.list import list_sections
from deploybook.commands.run import run_sections
from deploybook.commands.sandbox import run_sandbox
from deploybook.errors import DeploybookError
from deploybook.runner.executors import Executor, Kernels


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="deploybook")
def cli() -> None:
    """A deployment guide in which every statement is executed."""


cli.add_command(list_sections)
cli.add_command(run_sections)
cli.add_command(run_sandbox)
cli.add_command(env)
cli.add_command(diagnose)
cli.add_command(check_guide)


def main(arguments: Sequence[str] | None = None, executor: Executor | None = None) -> None:
    """The console script's entry: ``sys.argv`` and kernels, unless the caller gives others."""
    try:
        cli.main(arguments, standalone_mode=False, obj=executor or Kernels())
    except DeploybookError as error:
        click.echo("\n".join([f"error: {error}", *error.lines()[1:]]), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; what is done is kept, and running the same command again goes on from there", err=True)
        sys.exit(130)
