"""How a person's shell gets a sandbox's variables."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploybook.sandbox.host import _for_a_shell

EXPORTS = {"TURSO_API_URL": "http://127.0.0.1:1", "ODD": "it's $HOME; `id`"}


def test_the_line_that_is_printed_for_a_person_gives_a_shell_every_variable(tmp_path: Path) -> None:
    output = _for_a_shell(tmp_path, EXPORTS, "file")
    [line] = [line.strip() for line in output.splitlines() if line.startswith("    ")]
    completed = subprocess.run(
        ["sh", "-c", f'{line}; echo "$TURSO_API_URL|$ODD"'], capture_output=True, text=True, check=True
    )
    assert completed.stdout.strip() == "|".join(EXPORTS.values())


def test_the_lines_for_a_pipe_are_the_same(tmp_path: Path) -> None:
    assert _for_a_shell(tmp_path, EXPORTS, "exports").splitlines()[0] == "export TURSO_API_URL=http://127.0.0.1:1"
    assert list(tmp_path.iterdir()) == []
