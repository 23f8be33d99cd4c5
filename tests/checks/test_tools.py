"""The commands of others that the guide uses, asked of those tools that are installed here."""

from __future__ import annotations

import importlib
import subprocess
import sys

import click
import pytest

from deploybook.checks.facts import tools

INSTALLED = {
    "papermill": ("papermill.cli", "papermill"),
    "mkdocs": ("mkdocs.__main__", "cli"),
    "modal": ("modal.cli.entry_point", "entrypoint_cli"),
}


@pytest.mark.parametrize("tool", INSTALLED)
def test_an_installed_tool_still_has_the_commands_and_options(tool: str) -> None:
    module, name = INSTALLED[tool]
    for words, options in tools.known()[tool].items():
        command = getattr(importlib.import_module(module), name)
        for word in words:
            command = command.get_command(click.Context(command), word)
            assert command is not None, f"{tool} has no {' '.join(words)}"
        have = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
        assert options <= have, f"{tool} {' '.join(words)}"


def test_mike_still_has_the_commands_and_options() -> None:
    for words, options in tools.known()["mike"].items():
        command = [sys.executable, "-c", "from mike.driver import main; main()", *words, "--help"]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert all(f"{option} " in output or f"{option}\n" in output or f"{option}]" in output for option in options), (
            output
        )


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("turso db create NAME --group GROUP", ""),
        ("turso db creat NAME", "no command of turso's"),
        ("turso db create NAME --grup GROUP", "has no option --grup"),
        ("turbo db create", "no command that the guide knows"),
        ("curl -sS -o /dev/null https://example.com", ""),
    ],
)
def test_a_command_that_nobody_looked_up_is_told(command: str, problem: str) -> None:
    answer = tools.problem(command.split())
    assert problem in answer if problem else answer == ""
