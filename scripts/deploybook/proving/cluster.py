"""Scenarios on a Dask cluster: its workers need the wheel alone, and are given the checkout that holds the scenarios.

Each piece is a task. Dask gives it to another worker if the one that had it dies; what was told of it by then is kept. The scenarios are
proved in a process beside Dask's own, as they are elsewhere: they change the environment of the process that they run in.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from deploybook.errors import InvalidValue, MissingVariable
from deploybook.proving.places import Listener
from deploybook.proving.scenarios import Chunk, Outcome, without
from deploybook.proving.worker_process import WorkerProcess

# A piece whose worker died is begun so many times again.
RETRIES = 3
CONNECT_SECONDS = 20


class Cluster:
    """The workers of a scheduler at an address such as ``tcp://scheduler:8786``."""

    def __init__(self, address: str, checkout: Path, seconds: float) -> None:
        try:
            import distributed
        except ImportError:
            raise MissingVariable(
                "--on needs dask.distributed, which is not installed.", "Run pip install 'deploybook[cluster]'."
            ) from None
        try:
            self._client: Any = distributed.Client(address, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as problem:
            raise InvalidValue(
                f"No Dask scheduler answers at {address}: {problem}",
                "Set --on to the address that the scheduler prints.",
            ) from None
        self.name = f"Dask at {address}"
        self._checkout = checkout
        self._seconds = seconds

    @property
    def workers(self) -> int:
        """Of all threads of all workers."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def run(self, target: str, pieces: Sequence[Chunk], listener: Listener) -> None:
        """Prove all of them; outcomes come while their pieces go on."""
        from distributed import as_completed

        reported = _Told(listener)
        topic = f"deploybook-{uuid.uuid4()}"
        self._client.subscribe_topic(topic, lambda event: reported.tell(Outcome(**json.loads(event[1]))))
        content = packed(self._checkout)
        # A task, which Dask does again if the worker that holds it is killed; what is scattered would be lost, and the pieces with it.
        checkout = self._client.submit(bytes, content, pure=False, retries=RETRIES)
        futures = {
            self._client.submit(
                prove_piece, target, piece, checkout, self._seconds, topic, pure=False, retries=RETRIES
            ): piece
            for piece in pieces
        }
        try:
            for future in as_completed(list(futures)):
                reported.tell_all(_outcomes(future, futures[future], reported.names))
        except BaseException:
            self._client.cancel(list(futures))
            raise
        finally:
            self._client.unsubscribe_topic(topic)
            self._client.close()


def _outcomes(future: Any, piece: Chunk, reported: set[str]) -> list[Outcome]:
    """The outcomes of a piece; if Dask gave it up, the reason for each scenario without an outcome."""
    try:
        outcomes: list[Outcome] = future.result()
    except Exception as problem:  # noqa: BLE001 - KilledWorker, or what the cluster itself met
        unreported = without(piece, reported)
        text = f"the cluster gave it up: {type(problem).__name__}: {problem}"
        return [Outcome(scenario.name, False, text) for scenario in (unreported.scenarios if unreported else ())]
    return outcomes


class _Told:
    """Tells each scenario once: it comes as an event, and again with its piece, or by another worker."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._lock = threading.Lock()
        self.names: set[str] = set()

    def tell(self, outcome: Outcome) -> None:
        with self._lock:
            if outcome.name in self.names:
                return
            self.names.add(outcome.name)
        self._listener(outcome)

    def tell_all(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self.tell(outcome)


# Of a worker's thread: its process and the bench in it serve the pieces that come after one another.
_own = threading.local()


def prove_piece(target: str, piece: Chunk, content: bytes, seconds: float, topic: str) -> list[Outcome]:
    """Prove a piece on a worker of the cluster, and report each outcome at once."""
    from distributed import get_worker

    worker = get_worker()
    outcomes = []
    for outcome in _process(target, content, seconds).prove_all(piece.scenarios):
        placed = replace(outcome, where=str(worker.name))
        # Text: Dask writes into a dictionary which worker it came from.
        worker.log_event(topic, json.dumps(asdict(placed)))
        outcomes.append(placed)
    return outcomes


def _process(target: str, content: bytes, seconds: float) -> WorkerProcess:
    key = (target, hashlib.sha256(content).hexdigest())
    if getattr(_own, "key", None) != key:
        if hasattr(_own, "process"):
            _own.process.close()
            _own.folder.cleanup()
        _own.folder = tempfile.TemporaryDirectory(prefix="deploybook-checkout-")
        unpack(content, Path(_own.folder.name))
        _own.process = WorkerProcess(target, Path(_own.folder.name), seconds)
        _own.key = key
    process: WorkerProcess = _own.process
    return process


def packed(checkout: Path) -> bytes:
    """The files of a checkout that git knows or would add, as a compressed archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for path in _files(checkout):
            archive.add(checkout / path, path, recursive=False)
    return stream.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Lay an archive of ``packed`` out in a folder."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")


def _files(checkout: Path) -> Iterator[str]:
    command = ["git", "-C", str(checkout), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    yield from (path for path in listed.split("\0") if path and (checkout / path).is_file())
