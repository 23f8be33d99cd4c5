"""``deploybook record``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import click

from deploybook import recordings
from deploybook.commands import offers
from deploybook.commands.options import Choice, ParameterCommand, environment_option, parameter_options
from deploybook.commands.run import run_sections
from deploybook.errors import InvalidValue
from deploybook.layout import HOME_VARIABLE, find_layout
from deploybook.runbook.environment import machine
from deploybook.runbook.modes import Mode
from deploybook.runbook.sandbox_session import SandboxProcess

LIVE = [mode.value for mode in Mode if mode.live]


@click.command("record", cls=ParameterCommand)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("sections", nargs=-1, metavar="[SECTION]...", shell_complete=offers.sections)
@click.option("--mode", type=Choice(LIVE), default=Mode.VERIFY.value, show_default=True)
@environment_option
@parameter_options
@click.option(
    "--compare",
    is_flag=True,
    help="Apply and verify the sections in a sandbox, and list where its answers differ from those in FOLDER.",
)
@click.pass_context
def record_answers(context: click.Context, /, folder: Path, compare: bool, **options: Any) -> None:
    """Run sections in a live mode, and write the providers' answers into FOLDER, without secrets, ids and names.

    Read each file before you publish it. The command records no answers to modal deploy, which runs in a process of its own.
    """
    if compare:
        sys.exit(_compare(context, folder, options))
    if folder.exists() and any(folder.iterdir()):
        raise InvalidValue(f"{folder} is not empty.", "Choose an empty folder, or one that does not exist yet.")
    code = _recorded(context, folder, options)
    files = len(list(folder.rglob("*.json")))
    click.echo(
        f"{files} answers are in {folder}; compare them with the sandbox's: deploybook record {folder} --compare"
    )
    sys.exit(code)


def _compare(context: click.Context, folder: Path, options: dict[str, Any]) -> int:
    if not any(folder.rglob("*.json")):
        raise InvalidValue(f"{folder} has no recorded answers.", f"Run deploybook record {folder} first.")
    with tempfile.TemporaryDirectory() as own, redirect_stdout(sys.stderr), _sandbox(Path(own)) as answers:
        # What is there already is answered otherwise than what is not there yet.
        for mode in (Mode.APPLY, Mode.VERIFY):
            code = _recorded(context, answers, {"sections": options["sections"], "mode": mode.value, "yes": True})
        differences = list(recordings.compare(folder, answers))
    for difference in differences:
        click.echo(difference)
    click.echo(f"{len(differences)} differences.")
    return code


@contextmanager
def _sandbox(home: Path) -> Iterator[Path]:
    """A sandbox that this process takes for the providers, and a checkout without state in ``home``; gives a folder for the answers."""
    sandbox = SandboxProcess()
    before = dict(os.environ)
    runbooks = home / "runbooks"
    (runbooks / "parameters").mkdir(parents=True)
    for path in find_layout().contract.parent.iterdir():
        if path.name != "parameters":
            (runbooks / path.name).symlink_to(path)
    settings = f"environment: production\ngit_repository: {sandbox.exports['GITHUB_REPOSITORY']}\n"
    (runbooks / "parameters" / "production.yaml").write_text(settings)
    try:
        os.environ.clear()
        os.environ.update(machine(before) | sandbox.exports | {HOME_VARIABLE: str(home)})
        yield home / "answers"
    finally:
        os.environ.clear()
        os.environ.update(before)
        sandbox.close()


def _recorded(context: click.Context, folder: Path, options: dict[str, Any]) -> int:
    """Run as ``deploybook run`` does, and keep the answers in ``folder``; gives the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[recordings.FOLDER_VARIABLE] = str(folder.absolute())
    try:
        context.invoke(run_sections, **options)
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        del os.environ[recordings.FOLDER_VARIABLE]
    return 0
