"""What the command line imports before it knows which command is meant, and whether its list tells the truth."""

from __future__ import annotations

import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from deploybook.cli import COMMANDS, cli
from deploybook.errors import UnknownParameter

# Prints the packages that are imported when the arguments were answered, without Python's own.
IMPORTED = """
import contextlib, io, sys
from deploybook.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(sys.argv[1:])
packages = {name.partition(".")[0] for name in sys.modules if not name.startswith("_")}
print(*sorted(packages - set(sys.stdlib_module_names)))
"""


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ()])
def test_what_names_no_command_imports_click_alone(arguments: tuple[str, ...]) -> None:
    bare = [sys.executable, "-c", IMPORTED.replace("from deploybook.cli import main", "main = lambda _: None")]
    started = subprocess.run(bare, capture_output=True, text=True, check=True).stdout.split()
    command = [sys.executable, "-c", IMPORTED, *arguments]
    imported = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert sorted({*imported} - {*started}) == ["click", "deploybook"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_with_the_first_sentence_of_its_help(name: str) -> None:
    listed = click.Command(name, help=COMMANDS[name].summary)
    assert listed.get_short_help_str(200) == cli.commands[name].get_short_help_str(200)


def test_every_command_is_listed_by_help() -> None:
    output = CliRunner().invoke(cli, ["--help"]).output
    listed = re.findall(r"^  (\S+)", output.partition("Commands:")[2], re.MULTILINE)
    assert listed == sorted(COMMANDS)


def test_a_command_that_is_not_there_is_refused() -> None:
    answer = CliRunner().invoke(cli, ["deploy"])
    assert isinstance(answer.exception, UnknownParameter)
    assert str(answer.exception).endswith("has no command deploy.")


def test_the_names_of_commands_are_completed() -> None:
    environ = {"_DEPLOYBOOK_COMPLETE": "bash_complete", "COMP_WORDS": "deploybook s", "COMP_CWORD": "1"}
    answer = CliRunner().invoke(cli, [], prog_name="deploybook", env=environ)
    assert answer.output == "plain,sandbox\nplain,serve\n"
