"""Where scenarios are proved: on this machine here, on a cluster in ``cluster.py``. Both take pieces and give outcomes as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol

from deploybook.proving.scenarios import Chunk, Outcome
from deploybook.proving.worker_process import WorkerProcess

Listener = Callable[[Outcome], None]


class Place(Protocol):
    """Executes pieces of work; reports each scenario's outcome once, from any thread, as soon as it is known."""

    name: str

    @property
    def workers(self) -> int:
        """How many scenarios are proved at once."""

    def run(self, target: str, pieces: Sequence[Chunk], listener: Listener) -> None:
        """Prove all of them; ``target`` names their source."""


class ThisMachine:
    """So many processes on this machine, each with a bench of its own."""

    name = "this machine"

    def __init__(self, checkout: Path, workers: int, seconds: float, environ: Mapping[str, str] | None = None) -> None:
        """``environ`` is the processes' environment; without it they have nothing of the operator's."""
        self.workers = workers
        self._environ = environ
        self._checkout = checkout
        self._seconds = seconds

    def run(self, target: str, pieces: Sequence[Chunk], listener: Listener) -> None:
        """Prove all of them. An interruption ends the processes at once."""
        waiting = _Waiting(pieces)
        processes = [
            WorkerProcess(target, self._checkout, self._seconds, self._environ)
            for _ in range(min(self.workers, len(pieces)))
        ]
        with ThreadPoolExecutor(max(1, len(processes))) as threads:
            try:
                futures = [threads.submit(_work, process, waiting, listener) for process in processes]
                wait(futures)
            except BaseException:
                waiting.give_up()
                for process in processes:
                    process.interrupt()
                raise
            finally:
                for process in processes:
                    process.close()
        for one in futures:
            one.result()


class _Waiting:
    """The pieces that nobody has taken."""

    def __init__(self, pieces: Sequence[Chunk]) -> None:
        self._pieces = list(pieces)
        self._lock = threading.Lock()

    def take(self, bench: str) -> Chunk | None:
        """The next piece, of this bench if there is one: it is set up."""
        with self._lock:
            if not self._pieces:
                return None
            of_the_bench = [number for number, piece in enumerate(self._pieces) if piece.bench == bench]
            return self._pieces.pop(of_the_bench[0] if of_the_bench else 0)

    def give_up(self) -> None:
        """Let nobody take any more."""
        with self._lock:
            self._pieces.clear()


def _work(process: WorkerProcess, waiting: _Waiting, listener: Listener) -> None:
    while piece := waiting.take(process.bench):
        for outcome in process.prove_all(piece.scenarios):
            listener(outcome)
