"""The worker: a process of its image, which Render starts again when it ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from deploybook.sandbox.own_app.processes import Log, Machine, follow, start, stop
from deploybook.sandbox.render.state.containers import WorkerCrashed

# A program that ends so soon after its first line fails the deploy; one that says nothing for SILENT seconds is taken to run.
SETTLED = 1.0
SILENT = 15.0
# Render waits between starts of a worker that ends again and again, longer each time; here always so long.
PAUSE = 3.0
SECONDS_TO_STOP = 30.0


class Program(Protocol):
    """An image as far as a worker is concerned: what starts it, where, and with which variables of its own."""

    @property
    def variables(self) -> Mapping[str, str]:
        """The image's variables."""

    @property
    def working_directory(self) -> Path:
        """Where its program starts."""

    @property
    def orphaned(self) -> signal.Signals:
        """The signal that ends its program when nothing is left to stop it."""

    def program(self, override: str = "") -> str:
        """The command line that starts it."""

    async def clear(self) -> None:
        """Remove what a program that has ended may have left."""


class WorkerProcess:
    """A running worker, as Render holds it."""

    def __init__(self, image: Program, command: str, env: Mapping[str, str], log: Log) -> None:
        self._image, self._command, self._env = image, command, env
        self._said = asyncio.Event()

        def heard(line: str) -> None:
            log(line)
            self._said.set()

        self._log = heard
        self._task: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._status: int | None = None

    @classmethod
    async def start(
        cls, image: Program, override: str, variables: Mapping[str, str], machine: Machine, home: Path, log: Log
    ) -> WorkerProcess:
        """Start it with the image's variables and the service's. Raises WorkerCrashed if it ends at once."""
        home.mkdir(parents=True, exist_ok=True)
        env = machine.running({**image.variables, **variables, "RENDER": "true"}, home)
        worker = cls(image, image.program(override), env, log)
        worker._task = asyncio.create_task(worker._run())
        said = asyncio.create_task(worker._said.wait())
        await asyncio.wait([worker._task, said], timeout=SILENT, return_when=asyncio.FIRST_COMPLETED)
        said.cancel()
        await asyncio.wait([worker._task], timeout=SETTLED)
        if worker._status is not None:
            await worker.stop()
            raise WorkerCrashed(f"exited with status {worker._status}")
        worker._up.set()
        return worker

    async def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self._image.clear()

    async def _run(self) -> None:
        while True:
            process = await start(
                f"exec {self._command}", self._image.working_directory, self._env, orphaned=self._image.orphaned
            )
            reader = asyncio.create_task(follow(process, self._log))
            try:
                self._status = await process.wait()
                await reader
                if not self._up.is_set():
                    return
                self._log(f"==> Exited with status {self._status}")
                await asyncio.sleep(PAUSE)
            finally:
                await stop(process, grace=SECONDS_TO_STOP if process.returncode is None else 0)
                await reader
