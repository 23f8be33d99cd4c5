"""One block, executed as it would be pasted: in bash, at a terminal that answers."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from dataclasses import dataclass
from itertools import pairwise

from deploybook.checks.execution.reader import Reader
from deploybook.errors import DocsError
from deploybook.guide.page import Block, Page

LIMIT_SECONDS = 600


@dataclass(frozen=True)
class Attempt:
    """What came of a block."""

    page: Page
    block: Block
    code: int
    output: str
    seconds: float

    @property
    def place(self) -> str:
        """Where the block stands."""
        return f"{self.page.path}:{self.block.line}"

    def last_line(self) -> str:
        """What went wrong, in the block's own words: the error, or the sentence before a hint, else the last line."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        messages = [line for line in lines if line.startswith("error:")]
        messages += [line for line, after in pairwise(lines) if after.startswith("hint:")]
        return next(iter(messages + lines[-1:]), "it printed nothing")


def execute(reader: Reader, page: Page, block: Block) -> Attempt:
    """Run it in the reader's checkout; it ends at the first command that fails, as a careful reader would."""
    began = time.monotonic()
    try:
        text, typed = reader.filled(block.text), reader.typed(block.text)
    except DocsError as error:
        return Attempt(page, block, error.exit_code, f"error: {error.message}", 0.0)
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, "".join(f"{line}\n" for line in typed).encode())
        completed = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=reader.root,
            env=reader.environ,
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        code, output = completed.returncode, completed.stdout
    except subprocess.TimeoutExpired:
        code, output = 124, f"it did not finish within {LIMIT_SECONDS} s"
    finally:
        os.close(terminal)
        os.close(keyboard)
    return Attempt(page, block, code, output, time.monotonic() - began)
