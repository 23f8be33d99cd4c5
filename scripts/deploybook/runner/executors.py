"""Executors of a run's sections. The default runs each in a kernel, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from typing import Any, Protocol

from deploybook.runbook import environment
from deploybook.runner.report import CellResult, SectionResult
from deploybook.runner.worker import CellProgress, SectionJob, execute, killed, prepare

# A kernel notices within half a second that its worker was killed, and ends too.
LAST_WORDS_SECONDS = 5.0
# How long a section may take to end the request that is under way when it is to stop: the time limit of one, and its retries are not made.
STOP_SECONDS = 45.0
LOOK_SECONDS = 1.0


class CellListener(Protocol):
    """Is told of the cells of sections, each as it goes on and when it has ended; called in other threads."""

    def cell_started(self, slug: str, cell: str) -> None:
        """A code cell has started."""

    def event_shown(self, slug: str, cell: str, data: Mapping[str, Any]) -> None:
        """A code cell that goes on has shown an event."""

    def cell_done(self, slug: str, cell: CellResult) -> None:
        """A code cell has ended."""


class Workers(Protocol):
    """Execute sections."""

    def start(self, job: SectionJob) -> None:
        """Execute a section as soon as a worker is free."""

    def ended(self) -> list[SectionResult]:
        """Wait until a section has ended, and return all that have. Each of their cells was reported before."""

    def stop(self) -> None:
        """Stop each section before its next request, and kill one that does not. May be called by a signal's handler."""

    def kill(self) -> None:
        """End each section at once."""


class Executor(Protocol):
    """Provides the workers of one run."""

    def warm_up(self) -> None:
        """Start preparing what takes time, and return at once; called before a run starts."""

    def open(self, jobs: int, listener: CellListener) -> AbstractContextManager[Workers]:
        """Open ``jobs`` workers, which tell ``listener`` of each code cell."""


class Kernels:
    """Executes each notebook by papermill, in a kernel that is forked from a warm parent."""

    def warm_up(self) -> None:
        """Start the fork server, which imports papermill once for all workers, while the sandbox starts."""
        multiprocessing.set_forkserver_preload(["deploybook.runner.preload"])
        environment.shorten_tmpdir(os.environ)
        # A process's initial environment stays readable in /proc while it lives, so the workers get a section's variables later.
        with _machine_environment():
            with _ignored(signal.SIGHUP):
                resource_tracker.ensure_running()
            with _blocked(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                forkserver.ensure_running()

    @contextmanager
    def open(self, jobs: int, listener: CellListener) -> Iterator[Workers]:
        """Open a process for each section: a killed one fails no other section, and none sees what an earlier one knew."""
        del jobs
        with ExitStack() as opened:
            yield _Processes(opened, listener)


@contextmanager
def _machine_environment() -> Iterator[None]:
    """Remove the operator's variables from this process's environment while it starts children that inherit it."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment.machine(before))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _ignored(number: signal.Signals) -> Iterator[None]:
    """Start children that ignore this signal for good. The resource tracker does so itself for those that it knows of."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def _blocked(*numbers: signal.Signals) -> Iterator[None]:
    """Start children with these signals blocked, until they have decided what to do about them; here one that comes is only late."""
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


class _Processes:
    def __init__(self, opened: ExitStack, listener: CellListener) -> None:
        self._opened = opened
        self._listener = listener
        self._running: dict[Future[SectionResult], _SectionProcess] = {}
        self._patience: float | None = None

    def start(self, job: SectionJob) -> None:
        process = _SectionProcess(job, self._listener)
        self._opened.callback(process.close)
        self._running[process.future] = process

    def ended(self) -> list[SectionResult]:
        while not (ended := wait(self._running, LOOK_SECONDS, FIRST_COMPLETED).done):
            if self._patience is not None and time.monotonic() > self._patience:
                self.kill()
        return [self._running.pop(future).result() for future in ended]

    def stop(self) -> None:
        self._patience = time.monotonic() + STOP_SECONDS
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        for process in [*self._running.values()]:
            process.send(number)


class _SectionProcess:
    """A section that is executed in a process of its own, and the thread that relays what it shows."""

    def __init__(self, job: SectionJob, listener: CellListener) -> None:
        context = multiprocessing.get_context("forkserver")
        reader, writer = context.Pipe(duplex=False)
        self._job = job
        self._cells: list[CellResult] = []
        self._pool = ProcessPoolExecutor(1, context, prepare, (writer,))
        self._started = time.monotonic()
        self.future = self._pool.submit(execute, job)
        # The process has its own end of the pipe by now; with this one open, the reader would never see that it is gone.
        writer.close()
        self._relay = threading.Thread(target=self._relayed, args=(reader, listener), daemon=True)
        self._relay.start()

    def result(self) -> SectionResult:
        """How the section went, once every one of its cells was relayed; a process that was killed is a failure of its section."""
        self.close()
        try:
            return self.future.result()
        except BrokenProcessPool:
            return killed(self._job, self._cells, round(time.monotonic() - self._started, 3))

    def send(self, number: signal.Signals) -> None:
        """Send the process a signal, if it is there still."""
        for pid in [*(self._pool._processes or ())]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def close(self) -> None:
        """Wait until the process is gone, and its kernel, which holds the same pipe."""
        self._pool.shutdown()
        self._relay.join(LAST_WORDS_SECONDS)

    def _relayed(self, reader: Connection, listener: CellListener) -> None:
        slug = self._job.section.slug
        with reader:
            while message := _received(reader):
                if isinstance(message, CellResult):
                    self._cells.append(message)
                    listener.cell_done(slug, message)
                elif message.event is None:
                    listener.cell_started(slug, message.cell)
                else:
                    listener.event_shown(slug, message.cell, message.event)


def _received(reader: Connection) -> CellResult | CellProgress | None:
    """The next message; None when the process is gone, be it in the middle of one."""
    with suppress(EOFError, OSError, pickle.UnpicklingError):
        message: CellResult | CellProgress = reader.recv()
        return message
    return None
