"""``deploybook run`` at a terminal asks for the values that only the operator has, before anything is started."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.commands.terminal import Terminal, at_a_terminal
from tests.conftest import ROOT
from tests.contract.test_one_more_variable import ANCHOR, DSN, TABLE
from tests.runbooks.conftest import COMMAND, Guide

from deploybook.state.vault import Vault

SECOND = TABLE.replace("SENTRY_DSN", "SENTRY_TRACES_DSN")
NAMES = ("SENTRY_DSN", "SENTRY_TRACES_DSN")


@pytest.fixture
def asking(tmp_path: Path) -> Guide:
    """A checkout whose contract has two values that only the operator has."""
    shutil.copytree(ROOT / "runbooks", tmp_path / "runbooks", ignore=shutil.ignore_patterns("__pycache__"))
    contract = tmp_path / "runbooks" / "contract.toml"
    contract.write_text(contract.read_text().replace(ANCHOR, f"{TABLE}\n{SECOND}\n{ANCHOR}"))
    return Guide(tmp_path)


@contextmanager
def run_at_a_terminal(guide: Guide) -> Iterator[Terminal]:
    """``run vercel --mode verify``, which asks nothing else, and stops at the next thing that the empty vault lacks."""
    command = [COMMAND, "run", "vercel", "--mode", "verify", "-p", "git_repository", "example/studio"]
    with at_a_terminal(command, guide.environment()) as terminal:
        yield terminal


def wait_for_prompt(terminal: Terminal, name: str) -> None:
    """What is typed before the terminal is without echo would be thrown away."""
    terminal.wait_for(f"(DSN).\r\n{name}: ")


def held(guide: Guide) -> dict[str, str]:
    values = Vault(guide.root / ".deploybook", "production").all()
    return {name: value.get_secret_value() for name, value in values.items()}


def started(guide: Guide) -> list[Path]:
    return list((guide.root / "build" / "runs").glob("*"))


def test_both_are_asked_for_without_echo_and_kept(asking: Guide) -> None:
    with run_at_a_terminal(asking) as terminal:
        for name in NAMES:
            terminal.wait_for(f"{name}: Where errors of the web app and the worker are reported.")
            wait_for_prompt(terminal, name)
            terminal.type(f"{DSN}\n")
            terminal.wait_for(f"{name} is in the vault of production.")
        assert terminal.end() == 2
    assert DSN not in terminal.screen
    assert held(asking) == dict.fromkeys(NAMES, DSN)
    assert "are missing or malformed, and no request was sent" in terminal.screen
    assert started(asking) == []


def test_a_value_that_breaks_its_pattern_is_refused_and_what_was_typed_before_is_kept(asking: Guide) -> None:
    with run_at_a_terminal(asking) as terminal:
        wait_for_prompt(terminal, "SENTRY_DSN")
        terminal.type(f"{DSN}\n")
        wait_for_prompt(terminal, "SENTRY_TRACES_DSN")
        terminal.type("hunter2\n")
        assert terminal.end() == 2
    assert "#invalid-value" in terminal.screen
    assert "hunter2" not in terminal.screen
    assert held(asking) == {"SENTRY_DSN": DSN}
    assert started(asking) == []


@pytest.mark.parametrize("keys", ["\x03", "\n"], ids=["Ctrl-C", "an empty line"])
def test_without_an_answer_nothing_is_started_and_what_was_typed_before_is_kept(asking: Guide, keys: str) -> None:
    with run_at_a_terminal(asking) as terminal:
        wait_for_prompt(terminal, "SENTRY_DSN")
        terminal.type(f"{DSN}\n")
        terminal.wait_for("SENTRY_DSN is in the vault of production.")
        wait_for_prompt(terminal, "SENTRY_TRACES_DSN")
        terminal.type(keys) if keys == "\n" else os.kill(terminal.process.pid, signal.SIGINT)
        assert terminal.end() == 2
    assert "No value was given for SENTRY_TRACES_DSN" in terminal.screen
    assert "Traceback" not in terminal.screen
    assert held(asking) == {"SENTRY_DSN": DSN}
    assert started(asking) == []
