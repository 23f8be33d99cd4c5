"""Prepares the command line's process: outputs take every character and outlive their reader, and signals end it in order."""

from __future__ import annotations

import codecs
import errno
import io
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from deploybook.errors import MachineFault
from deploybook.layout import find_layout

# The signs of ours that an output may not be able to show; what stands instead.
PLAIN = {
    "✓": "ok",
    "✗": "x",
    "→": "->",
    "☞": "=>",
    "·": "-",
    "•": "*",
    "–": "-",
    "—": "-",
    "…": "...",
    "×": "x",
    "’": "'",
    "“": '"',
    "”": '"',
}
_HANDLER = "deploybook.plain"
# The reader of a pipe has ended (head), or the terminal has been closed.
_READER_GONE = {errno.EPIPE, errno.EIO}


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: the process ends as it does on Ctrl-C, with this signal's exit code."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """What a shell shows for a process that the signal ended."""
        return 128 + self.number


def prepare() -> None:
    """Make the process's streams usable, whatever they are connected to, and have signals end it in order."""
    _open_closed_streams()
    _leave_deleted_folder()
    codecs.register_error(_HANDLER, _plain)
    sys.stdout, sys.stderr = _tolerant(sys.stdout), _tolerant(sys.stderr)
    for number in (signal.SIGTERM, signal.SIGHUP):
        # nohup has it ignored, and means it.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)


def ended_early() -> MachineFault:
    """The error for a process of ours whose pipe closed before it said anything."""
    return MachineFault(
        "A process that deploybook started ended at once: this machine ran out of memory or disk, or the process was killed.",
        "Make room on the disk and in memory, then run the same command again. If it names marshal data, delete the folders "
        "__pycache__ below scripts first: a full disk cuts such files off.",
    )


def _terminate(number: int, _: FrameType | None) -> None:
    raise Terminated(number)


def _open_closed_streams() -> None:
    """Connect a stream that was closed by whoever started the process to the null device: the next file would be taken for it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            mode = "r" if number == 0 else "w"
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def _leave_deleted_folder() -> None:
    """Go on in the checkout where the current folder was deleted: nothing can be read relative to that any more."""
    try:
        Path.cwd()
    except FileNotFoundError:
        os.chdir(find_layout(Path(__file__)).root)
        print(f"the current folder was deleted: continuing in {Path.cwd()}", file=sys.stderr)


def _tolerant(stream: TextIO) -> TextIO:
    """The same stream; signs that its encoding does not have become plain ones, and a reader that has gone is no error."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(stream.fileno())),
        encoding=stream.encoding,
        errors=_HANDLER,
        line_buffering=stream.line_buffering or stream.isatty(),
    )


class _Output(io.FileIO):
    """A descriptor that leads nowhere once its reader has gone: the command goes on to its end, and to its own exit code."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "wb", closefd=False)

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            # Whatever is left in the buffers goes there too, else the interpreter complains of it at its end.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            if error.errno in _READER_GONE:
                return len(data)
            error.filename = "the output"
            raise


def _plain(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(PLAIN.get(character, "?") for character in error.object[error.start : error.end]), error.end
