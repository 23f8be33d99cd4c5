"""Executors of a run's sections. The default runs each in a kernel, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import forkserver, resource_tracker
from typing import Any, Protocol

from deploybook.runbook import environment
from deploybook.runner.report import CellResult, SectionResult
from deploybook.runner.worker import SectionJob, execute, prepare

CellListener = Callable[[str, CellResult], None]
# A worker that died never reports the end of its section.
LAST_WORDS_SECONDS = 5.0


class Workers(Protocol):
    """Execute sections."""

    def start(self, job: SectionJob) -> None:
        """Execute a section as soon as a worker is free."""

    def ended(self) -> list[SectionResult]:
        """Wait until a section has ended, and return all that have. Each of their cells was reported before."""


class Executor(Protocol):
    """Provides the workers of one run."""

    def warm_up(self) -> None:
        """Start preparing what takes time, and return at once; called before a run starts."""

    def open(self, jobs: int, on_cell: CellListener) -> AbstractContextManager[Workers]:
        """Open ``jobs`` workers, which call ``on_cell`` for each code cell that ends."""


class Kernels:
    """Executes each notebook by papermill, in a kernel that is forked from a warm parent."""

    def warm_up(self) -> None:
        """Start the fork server, which imports papermill once for all workers, while the sandbox starts."""
        multiprocessing.set_forkserver_preload(["deploybook.runner.preload"])
        # A process's initial environment stays readable in /proc while it lives, so the workers get a section's variables later.
        with _machine_environment():
            resource_tracker.ensure_running()
            forkserver.ensure_running()

    @contextmanager
    def open(self, jobs: int, on_cell: CellListener) -> Iterator[Workers]:
        """Open worker processes, which report their cells through a queue."""
        context = multiprocessing.get_context("forkserver")
        queue = context.Queue()
        with (
            _relayed(queue, on_cell) as drained,
            ProcessPoolExecutor(jobs, context, prepare, (queue,)) as pool,
        ):
            yield _Processes(pool, drained)


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


class _Processes:
    def __init__(self, pool: ProcessPoolExecutor, drained: Callable[[str], bool]) -> None:
        self._pool = pool
        self._drained = drained
        self._running: set[Future[SectionResult]] = set()

    def start(self, job: SectionJob) -> None:
        self._running.add(self._pool.submit(execute, job))

    def ended(self) -> list[SectionResult]:
        done, self._running = wait(self._running, return_when=FIRST_COMPLETED)
        results = [future.result() for future in done]
        for result in results:
            self._drained(result.slug)
        return results


@contextmanager
def _relayed(queue: Any, on_cell: CellListener) -> Iterator[Callable[[str], bool]]:
    """Pass the workers' cells on to ``on_cell`` in a thread. Yields a function that waits for the last cell of a section."""
    ended: dict[str, threading.Event] = defaultdict(threading.Event)

    def relay() -> None:
        while (item := queue.get()) is not None:
            slug, cell = item
            if cell is None:
                ended[slug].set()
            else:
                on_cell(slug, cell)

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    try:
        yield lambda slug: ended[slug].wait(LAST_WORDS_SECONDS)
    finally:
        queue.put(None)
        thread.join()
        queue.close()
