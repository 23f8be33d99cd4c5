"""``deploybook``: the command line. Errors are one sentence, a hint and a link; exit codes stand in ``errors.py``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from deploybook import __version__
from deploybook.commands import process
from deploybook.commands.lazy import LazyCommands, LazyGroup, Source
from deploybook.commands.prose import wrapped
from deploybook.commands.usage import PROGRAM, correct, error_of
from deploybook.errors import DeploybookError, MachineFault

if TYPE_CHECKING:
    from deploybook.runner.executors import Executor

# Each command: where it is in commands/, and the first sentence of its help.
COMMANDS = {
    "check": Source("check_guide", "Find the statements of the guide that are not true, and show the line of each."),
    "completion": Source(
        "print_completion", "Print a script that lets a shell complete commands, sections and other names."
    ),
    "doctor": Source("diagnose", "Find what is wrong, in which service, and the troubleshooting entry that fixes it."),
    "env": Source("env", "List, set, compare or export the variables of one environment."),
    "explain": Source("explain_entry", "Explain one troubleshooting entry, with its fix filled in for an environment."),
    "init": Source(
        "initialize",
        "Collect what a deployment needs (parameters, accounts, and the source of each credential), then check all of it.",
    ),
    "list": Source(
        "list_sections", "List the sections in the order in which they run, with what each needs and produces."
    ),
    "prove": Source(
        "prove_kinds",
        "Prove what the guide promises, scenario by scenario, in sandboxes: entries, wires, crash points, faults and other kinds.",
    ),
    "record": Source(
        "record_answers",
        "Run sections in a live mode, and write the providers' answers into FOLDER, without secrets, ids and names.",
    ),
    "run": Source(
        "run_sections", "Execute the runbooks of the sections (default: all), each one after those that it needs."
    ),
    "sandbox": Source(
        "run_sandbox",
        "Run the clouds on loopback in the foreground, and print how to point a client at them.",
    ),
    "serve": Source(
        "serve_guide",
        "Serve the guide on loopback, with buttons that run each section: dry run, plan, apply, verify and destroy.",
    ),
}


@click.group(cls=LazyGroup, commands=LazyCommands(COMMANDS), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="deploybook")
def cli() -> None:
    """A deployment guide that is executed at every commit.

    Start with deploybook run: it deploys everything to a sandbox, and needs no account. deploybook init collects what a deployment to your
    own accounts needs.
    """


def main(arguments: Sequence[str] | None = None, executor: Executor | None = None) -> None:
    """The console script's entry: this process's arguments, streams and signals, and kernels, unless the caller gives others."""
    try:
        if arguments is None:
            process.prepare()
        _run(arguments, executor)
    except DeploybookError as error:
        _fail(error, arguments)
    except OSError as error:
        if not MachineFault.fits(error):
            raise
        _fail(MachineFault.of(error), arguments)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.UsageError as error:
        _fail(error_of(error), arguments)
    except (click.Abort, KeyboardInterrupt) as stop:
        # click takes the end of any stream for one of the operator's; at a question it has no cause.
        if isinstance(stop.__cause__, EOFError):
            _fail(process.ended_early(), arguments)
        click.echo("stopped; what is done is kept, and the same command continues from there", err=True)
        # click's Abort has the interrupt as its cause.
        by = stop if isinstance(stop, process.Terminated) else stop.__cause__
        sys.exit(by.exit_code if isinstance(by, process.Terminated) else 130)


def _run(arguments: Sequence[str] | None, executor: Executor | None) -> None:
    try:
        cli.main(arguments, PROGRAM, standalone_mode=False, obj=executor)
    finally:
        # Here a disk that is full can still be reported; when the interpreter ends it cannot.
        sys.stdout.flush()


def _fail(error: DeploybookError, arguments: Sequence[str] | None) -> NoReturn:
    if line := correct(sys.argv[1:] if arguments is None else arguments, error):
        question, mark, rest = error.hint.partition("? ")
        error.hint = f"{question}? Run {line}{f'. {rest}' if mark else '.'}"
    text = _cleaned("\n".join([f"error: {error}", *error.lines()[1:]]))
    click.echo(wrapped(text, 2, sys.stderr), err=True)
    sys.exit(error.exit_code)


def _cleaned(text: str) -> str:
    """``text`` without control characters, and without any secret that the operator exported: a provider may have echoed one."""
    from deploybook.contract.model import load_contract
    from deploybook.layout import find_layout
    from deploybook.redact import Redactor
    from deploybook.state.known_secrets import known_secrets

    try:
        secrets = known_secrets(load_contract(find_layout().contract), os.environ)
    except (DeploybookError, OSError):
        # It may be the contract that is wrong.
        secrets = []
    return Redactor(secrets).text(text)
