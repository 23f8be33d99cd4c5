"""A command at a pseudo-terminal, as an operator sits before it."""

from __future__ import annotations

import os
import pty
import select
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.waiting import PATIENCE_SECONDS


@dataclass
class Terminal:
    """The operator's side of a command's terminal; ``screen`` is all that it showed."""

    process: subprocess.Popen[bytes]
    side: int
    screen: str = ""

    def wait_for(self, words: str) -> None:
        """Read until the words are on the screen."""
        while words not in self.screen:
            assert self._read(), self.screen

    def answer(self, words: str, typed: str) -> None:
        """Wait for a question and type a line."""
        self.wait_for(words)
        self.type(f"{typed}\n")

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.side, keys.encode())

    def end(self) -> int:
        """The exit code, when everything was shown."""
        while self._read():
            pass
        return self.process.wait(PATIENCE_SECONDS)

    def _read(self) -> bool:
        readable, _, _ = select.select([self.side], [], [], PATIENCE_SECONDS)
        assert readable, self.screen
        try:
            output = os.read(self.side, 4096)
        except OSError:  # Linux's word for a terminal whose program has ended
            return False
        self.screen += output.decode()
        return bool(output)


@contextmanager
def at_a_terminal(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[Terminal]:
    """Start a command that has a terminal, and end it with the block."""
    side, programs = pty.openpty()
    process = subprocess.Popen(
        command, stdin=programs, stdout=programs, stderr=programs, env=environ, start_new_session=True
    )
    os.close(programs)
    try:
        yield Terminal(process, side)
    finally:
        process.kill()
        process.wait()
        os.close(side)
