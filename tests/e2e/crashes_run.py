"""One command in a process of its own, forked from one that has imported everything: it can be killed, and costs little."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.runbooks import in_process
from tests.waiting import until

# Of /proc/PID/stat, counted from the state (man 5 proc).
_SESSION_FIELD = 3


Setting = Callable[[], AbstractContextManager[object]]


def start(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    typed: str,
    within: Setting = contextlib.nullcontext,
    output: Path = Path(os.devnull),
) -> BaseProcess:
    """Start ``deploybook`` with arguments, its sections executed in its own process, and that in a session of its own.

    It runs ``within`` a context that is made there. What it printed is in ``output`` when it has ended by itself.
    """
    context = multiprocessing.get_context("forkserver")
    # A child runs the main module's lines again: what they import is there already.
    context.set_forkserver_preload([__name__, "tests.e2e.crashes_world"])
    process = context.Process(target=_run, args=(tuple(arguments), dict(environ), typed, within, output), daemon=True)
    process.start()
    return process


def to_end(arguments: Sequence[str], environ: Mapping[str, str], typed: str, within: Setting) -> tuple[int, str]:
    """The same, until it ends by itself: its exit code, and what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        process = start(arguments, environ, typed, within, output)
        process.join()
        assert process.exitcode is not None
        return process.exitcode, output.read_text(encoding="utf-8")


def kill(process: BaseProcess) -> None:
    """SIGKILL; gives back when nothing is left of the run: neither the process, nor what it started."""
    assert process.pid is not None
    # It may have ended by itself just now.
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    session = process.pid
    until(lambda: not _of_session(session), "the end of every process of a run that was killed")


def _run(arguments: Sequence[str], environ: Mapping[str, str], typed: str, within: Setting, output: Path) -> None:
    os.setsid()
    tempfile.tempdir = None
    with temporary_files(environ), within():
        code, text = in_process.call(arguments, environ, typed)
    output.write_text(text, encoding="utf-8")
    sys.exit(code)


@contextlib.contextmanager
def temporary_files(environ: Mapping[str, str]) -> Iterator[None]:
    """Temporary files go to the TMPDIR of ``environ``, as they do in a process that was started with it."""
    before, tempfile.tempdir = tempfile.tempdir, environ["TMPDIR"]
    try:
        yield
    finally:
        tempfile.tempdir = before


def _of_session(session: int) -> list[int]:
    """The processes of a session that have not ended."""
    problems = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[_SESSION_FIELD]) == session and fields[0] != "Z":
                problems.append(int(path.parent.name))
    return problems
