"""The command line on a machine that is not as it might be: outputs that are gone, full, closed or not UTF-8, and a deleted folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT, without_operator
from tests.runbooks.conftest import COMMAND
from tests.waiting import PATIENCE_SECONDS


def shell(command: str, folder: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    """A line of bash that calls ``deploybook``; a pipe's exit code is that of its first part that fails."""
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; deploybook() {{ {COMMAND} "$@"; }}; {command}'],
        cwd=folder,
        env=without_operator(os.environ) | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def test_a_reader_that_has_gone_is_no_error() -> None:
    # Gone before the first byte: what `head -1` leaves of a pipe, and none of its timing.
    reader, writer = os.pipe()
    os.close(reader)
    completed = subprocess.run(
        [COMMAND, "list"],
        env=without_operator(os.environ),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    os.close(writer)
    assert completed.returncode == 0
    assert completed.stderr == ""


def test_an_output_without_room_is_one_sentence_with_its_exit_code() -> None:
    result = shell("deploybook list > /dev/full")
    assert result.returncode == 7
    assert result.stderr.startswith(
        "error: This machine does not let deploybook use the output: No space left on device."
    )
    assert len(result.stderr.splitlines()) == 3


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_no_error(closed: str) -> None:
    result = shell(f"deploybook list {closed}")
    assert result.returncode == 0
    assert result.stderr == ""


def test_signs_that_the_output_cannot_show_become_plain_ones() -> None:
    result = shell("deploybook run webhook_secret --mode plan", PYTHONIOENCODING="ascii", LANG="C")
    assert result.returncode == 0, result.stderr
    assert "ok an imported secret has the right form - none given" in result.stdout
    assert "+ would create secret INTERNAL_WEBHOOK_SECRET" in result.stdout


def test_a_deleted_folder_is_left_for_the_checkout(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    result = shell(f"rmdir {gone}; deploybook list", gone)
    assert result.returncode == 0
    assert result.stderr == f"the current folder was deleted: continuing in {ROOT}\n"


LOST = """
import gc, os, signal, sys, weakref
from deploybook.__main__ import repeat_interrupt
from deploybook.commands import process

sys.unraisablehook = repeat_interrupt
process.prepare()

class Thing:
    pass

def callback(_):
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    for _ in range(1000):
        pass

thing = Thing()
reference = weakref.ref(thing, callback)
try:
    del thing
    print("the callback's exception was dropped", flush=True)
    signal.pause()
except KeyboardInterrupt as stop:
    print(type(stop).__name__)
"""


@pytest.mark.parametrize(("name", "raised"), [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "Terminated")])
def test_a_signal_that_comes_where_python_drops_its_exception_comes_once_more(name: str, raised: str) -> None:
    completed = subprocess.run(
        [sys.executable, "-c", LOST, name], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert completed.stdout.splitlines() == ["the callback's exception was dropped", raised]
    assert completed.stderr == ""
