"""The worker's process: it looks for a pending job, does it, and looks again; beside that, it ends what has stalled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from deploybook.sample_app.backends import stores_in_r2
from deploybook.sample_app.hrana import Hrana
from deploybook.sample_app.jobs import INGEST, RENDER, Job, Jobs
from deploybook.sample_app.local import LocalDatabase
from deploybook.sample_app.network import Network
from deploybook.sample_app.objects import R2, LocalDisk, Storage
from deploybook.sample_app.problems import StudioError, Variables
from deploybook.sample_app.worker.dispatch import dispatch
from deploybook.sample_app.worker.ingest import ingest
from deploybook.sample_app.worker.reaper import reap
from deploybook.sample_app.worker.settings import Settings
from deploybook.sample_app.worker.task import Task

Log = Callable[[str], None]

# Render gives a process half a minute after SIGTERM; a sandbox's jobs are short.
GRACE_SECONDS = 10.0
FOLDER = "/app/uploads"
_HANDLERS = {INGEST: ingest, RENDER: dispatch}


class Worker:
    """One process. Made from variables; raises StudioError for those with which it exits at once."""

    def __init__(self, variables: Variables, network: Network, log: Log) -> None:
        self.settings = Settings.of(variables)
        self._variables = variables
        self._network = network
        self._log = log
        self._disk = LocalDisk(FOLDER)
        database = self._turso() if self.settings.job_store == "turso" else LocalDatabase()
        self.jobs = Jobs(database)
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to poll."""
        self._log(f"[Worker] Using job store backend: {self.settings.job_store}")
        if self.settings.job_store == "local":
            self._log("[LocalJobStore] Opened database at ./audio-prep-jobs.db")
        self._log(f"[Worker] Started, polling every {self.settings.poll_ms}ms")
        self._tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._reap())]

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """SIGTERM: claim nothing more, finish what is being done if that takes no longer than ``grace``."""
        self._stopping.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _turso(self) -> Hrana:
        return Hrana(
            self._variables["TURSO_DATABASE_URL"], self._variables.get("TURSO_AUTH_TOKEN", ""), self._network.client()
        )

    def _storage(self) -> Storage:
        if stores_in_r2(self._variables):
            return R2(self._variables, self._network.client())
        return self._disk

    async def _poll(self) -> None:
        while not self._stopping.is_set():
            try:
                job = await self.jobs.claim()
            except StudioError as error:
                self._log(f"[Worker] Poll failed: {error}")
                job = None
            if job is None:
                await self._pause(self.settings.poll_ms / 1000)
            else:
                await self._work(job)

    async def _work(self, job: Job) -> None:
        self._log(f"[Worker] Claimed job {job.id} ({job.type})")
        seconds = self.settings.timeout(job.type)
        try:
            handler = _HANDLERS.get(job.type)
            if handler is None:
                raise StudioError(f"Unknown job type {job.type}")
            async with asyncio.timeout(seconds):
                await handler(Task(job, self.jobs, self._storage(), self._variables, self._network, self._log))
            self._log(f"[Worker] Finished job {job.id}")
        except TimeoutError:
            await self._fail(job, f"Timed out after {seconds * 1000:.0f}ms")
        except StudioError as error:
            await self._fail(job, str(error))
        except Exception as error:  # noqa: BLE001 - one job that breaks the code must not end the worker
            await self._fail(job, f"{type(error).__name__}: {error}")

    async def _fail(self, job: Job, error: str) -> None:
        self._log(f"[Worker] Failed job {job.id}: {error}")
        try:
            await self.jobs.fail(job.id, error)
        except StudioError as problem:
            self._log(f"[Worker] Could not record it: {problem}")

    async def _reap(self) -> None:
        while not self._stopping.is_set():
            await self._pause(self.settings.reaper)
            if self._stopping.is_set():
                return
            try:
                await reap(self.jobs, self.settings, self._log)
            except StudioError as error:
                self._log(f"[Worker] Reaper failed: {error}")

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
