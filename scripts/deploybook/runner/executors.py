"""Where the sections of a run are executed: in kernels, each in a process of its own, unless the caller brings something else."""

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

Tell = Callable[[str, CellResult], None]
# A worker that died never says that its section has ended.
LAST_WORDS_SECONDS = 5.0


class Workers(Protocol):
    """They execute the sections that they are given."""

    def start(self, job: SectionJob) -> None:
        """Execute a section as soon as a worker is free."""

    def ended(self) -> list[SectionResult]:
        """Wait until a section has ended, and give all that have; each of their cells was told before."""


class Executor(Protocol):
    """Provides the workers of one run."""

    def warm_up(self) -> None:
        """The run is about to start: prepare what takes time, and return at once."""

    def open(self, jobs: int, tell: Tell) -> AbstractContextManager[Workers]:
        """So many workers, which ``tell`` of each code cell that ends."""


class Kernels:
    """Executes each notebook by papermill, in a kernel that is forked from a warm parent."""

    def warm_up(self) -> None:
        """Start the fork server, which imports papermill once for all workers, while the sandbox starts."""
        multiprocessing.set_forkserver_preload(["deploybook.runner.preload"])
        # What a process is started with stays readable in /proc as long as it lives: the workers get a section's variables later.
        with _machine_environment():
            resource_tracker.ensure_running()
            forkserver.ensure_running()

    @contextmanager
    def open(self, jobs: int, tell: Tell) -> Iterator[Workers]:
        """Worker processes; what they tell comes through a queue."""
        context = multiprocessing.get_context("forkserver")
        queue = context.Queue()
        with (
            _relayed(queue, tell) as drained,
            ProcessPoolExecutor(jobs, context, prepare, (queue,)) as pool,
        ):
            yield _Processes(pool, drained)


@contextmanager
def _machine_environment() -> Iterator[None]:
    """This process's environment without anything of the operator's, while children are started that are given none themselves."""
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
def _relayed(queue: Any, tell: Tell) -> Iterator[Callable[[str], bool]]:
    """Pass on, in a thread, what the workers put into the queue. Gives a function that waits until a section's last cell was."""
    ended: dict[str, threading.Event] = defaultdict(threading.Event)

    def relay() -> None:
        while (item := queue.get()) is not None:
            slug, cell = item
            if cell is None:
                ended[slug].set()
            else:
                tell(slug, cell)

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    try:
        yield lambda slug: ended[slug].wait(LAST_WORDS_SECONDS)
    finally:
        queue.put(None)
        thread.join()
        queue.close()
