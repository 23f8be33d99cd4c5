"""``deploybook run`` at a terminal asks for the values that only the operator has, before anything is started."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.contract.test_one_more_variable import ANCHOR, DSN, TABLE
from tests.runbooks.conftest import COMMAND, Guide

from deploybook.state.vault import Vault

SECOND = TABLE.replace("SENTRY_DSN", "SENTRY_TRACES_DSN")
PATIENCE_SECONDS = 120
NAMES = ("SENTRY_DSN", "SENTRY_TRACES_DSN")


@pytest.fixture
def asking(tmp_path: Path) -> Guide:
    """A checkout whose contract has two values that only the operator has."""
    shutil.copytree(ROOT / "runbooks", tmp_path / "runbooks", ignore=shutil.ignore_patterns("__pycache__"))
    contract = tmp_path / "runbooks" / "contract.toml"
    contract.write_text(contract.read_text().replace(ANCHOR, f"{TABLE}\n{SECOND}\n{ANCHOR}"))
    return Guide(tmp_path)


@dataclass
class Terminal:
    """The operator's side of a run's terminal; ``screen`` is all that it showed."""

    process: subprocess.Popen[bytes]
    side: int
    screen: str = ""

    def wait_for(self, words: str) -> None:
        while words not in self.screen:
            assert self._read(), self.screen

    def wait_for_prompt(self, name: str) -> None:
        """What is typed before the terminal is without echo would be thrown away."""
        self.wait_for(f"(DSN).\r\n{name}: ")

    def type(self, keys: str) -> None:
        os.write(self.side, keys.encode())

    def end(self) -> int:
        """The exit code, when everything was shown."""
        while self._read():
            pass
        return self.process.wait(60)

    def _read(self) -> bool:
        readable, _, _ = select.select([self.side], [], [], PATIENCE_SECONDS)
        assert readable, self.screen
        try:
            shown = os.read(self.side, 4096)
        except OSError:  # Linux's word for a terminal whose program has ended
            return False
        self.screen += shown.decode()
        return bool(shown)


@contextmanager
def run_at_a_terminal(guide: Guide) -> Iterator[Terminal]:
    """``run vercel --mode verify``, which asks nothing else, and stops at the next thing that the empty vault lacks."""
    side, programs = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "run", "vercel", "--mode", "verify", "-p", "git_repository", "example/studio"],
        stdin=programs,
        stdout=programs,
        stderr=programs,
        env=guide.environment(),
        start_new_session=True,
    )
    os.close(programs)
    try:
        yield Terminal(process, side)
    finally:
        process.kill()
        process.wait()
        os.close(side)


def held(guide: Guide) -> dict[str, str]:
    values = Vault(guide.root / ".deploybook", "production").all()
    return {name: value.get_secret_value() for name, value in values.items()}


def started(guide: Guide) -> list[Path]:
    return list((guide.root / "build" / "runs").glob("*"))


def test_both_are_asked_for_without_echo_and_kept(asking: Guide) -> None:
    with run_at_a_terminal(asking) as terminal:
        for name in NAMES:
            terminal.wait_for(f"{name}: Where errors of the web app and the worker are reported. From: Sentry")
            terminal.wait_for_prompt(name)
            terminal.type(f"{DSN}\n")
            terminal.wait_for(f"{name} is in the vault of production.")
        assert terminal.end() == 2
    assert DSN not in terminal.screen
    assert held(asking) == dict.fromkeys(NAMES, DSN)
    assert "are missing or malformed, and no request was sent" in terminal.screen
    assert started(asking) == []


def test_a_value_that_breaks_its_pattern_is_refused_and_what_was_typed_before_is_kept(asking: Guide) -> None:
    with run_at_a_terminal(asking) as terminal:
        terminal.wait_for_prompt("SENTRY_DSN")
        terminal.type(f"{DSN}\n")
        terminal.wait_for_prompt("SENTRY_TRACES_DSN")
        terminal.type("hunter2\n")
        assert terminal.end() == 2
    assert "#invalid-value" in terminal.screen
    assert "hunter2" not in terminal.screen
    assert held(asking) == {"SENTRY_DSN": DSN}
    assert started(asking) == []


@pytest.mark.parametrize("keys", ["\x03", "\n"], ids=["Ctrl-C", "an empty line"])
def test_without_an_answer_nothing_is_started_and_what_was_typed_before_is_kept(asking: Guide, keys: str) -> None:
    with run_at_a_terminal(asking) as terminal:
        terminal.wait_for_prompt("SENTRY_DSN")
        terminal.type(f"{DSN}\n")
        terminal.wait_for("SENTRY_DSN is in the vault of production.")
        terminal.wait_for_prompt("SENTRY_TRACES_DSN")
        terminal.type(keys) if keys == "\n" else os.kill(terminal.process.pid, signal.SIGINT)
        assert terminal.end() == 2
    assert "No value was given for SENTRY_TRACES_DSN" in terminal.screen
    assert "Traceback" not in terminal.screen
    assert held(asking) == {"SENTRY_DSN": DSN}
    assert started(asking) == []
