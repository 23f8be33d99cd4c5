"""The worker's process: it looks for a pending job, does it, and looks again; beside that, it fails what has stalled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from deploybook.sample_app.backends import stores_in_r2
from deploybook.sample_app.defects import NONE, Defects
from deploybook.sample_app.hrana import Hrana
from deploybook.sample_app.ingest import ingest
from deploybook.sample_app.jobs import INGEST, PREVIEW, RENDER, SAVE, Job, Jobs
from deploybook.sample_app.local import LocalDatabase
from deploybook.sample_app.network import Network
from deploybook.sample_app.objects import R2, LocalDisk, Storage
from deploybook.sample_app.problems import StudioError, Variables
from deploybook.sample_app.worker.dispatch import dispatch
from deploybook.sample_app.worker.editing import preview, save
from deploybook.sample_app.worker.reaper import reap
from deploybook.sample_app.worker.settings import Settings
from deploybook.sample_app.worker.task import Task

Log = Callable[[str], None]

# Render gives a process half a minute after SIGTERM; a sandbox's jobs are short.
GRACE_SECONDS = 10.0
HEARTBEAT_SECONDS = 5.0


async def _ingest(task: Task) -> None:
    await ingest(task.job, task.jobs, task.storage, task.network)


_HANDLERS: dict[str, Callable[[Task], Awaitable[None]]] = {
    INGEST: _ingest,
    PREVIEW: preview,
    SAVE: save,
    RENDER: dispatch,
}


class Worker:
    """One process. Made from variables; raises StudioError for those with which it exits before it says that it started."""

    def __init__(self, variables: Variables, network: Network, log: Log, defects: Defects = NONE) -> None:
        self.settings = Settings.of(variables)
        self._variables = variables
        self._network = network
        self._log = log
        self._defects = defects
        self._disk = LocalDisk()
        database = self._turso() if self.settings.job_store == "turso" else LocalDatabase()
        self.jobs = Jobs(database)
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []
        # Set when the process has ended of itself.
        self.crashed = asyncio.Event()

    def start(self) -> None:
        """Begin to poll. Its log line proves nothing: the first request to the database comes after it."""
        if self.settings.job_store == "local":
            self._log("[LocalJobStore] Opened database at ./audio-prep-jobs.db")
        self._log(f"[Worker] Using job store backend: {self.settings.job_store}")
        self._log(f"[Worker] Started, polling every {self.settings.poll_ms}ms")
        self._tasks = [asyncio.create_task(self._run())]

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """SIGTERM: claim nothing more, finish what is being done if that takes no longer than ``grace``."""
        self._stopping.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _turso(self) -> Hrana:
        url, token = self._variables.get("TURSO_DATABASE_URL", ""), self._variables.get("TURSO_AUTH_TOKEN", "")
        return Hrana(url, token, self._network.client())

    def _storage(self) -> Storage:
        return R2(self._variables, self._network.client()) if stores_in_r2(self._variables) else self._disk

    async def _run(self) -> None:
        try:
            # Nobody waits for the first statement of the application's store: if it fails, the process ends.
            await self.jobs.prepare()
        except StudioError as error:
            self._log(f"LibsqlError: {error}")
            self.crashed.set()
            return
        await asyncio.gather(self._poll(), self._reap())

    async def _poll(self) -> None:
        while not self._stopping.is_set():
            try:
                job = await self.jobs.claim()
            except StudioError as error:
                self._log(f"[Worker] Error during poll cycle: {error}")
                job = None
            if job is None:
                await self._pause(self.settings.poll_ms / 1000)
            else:
                await self._work(job)

    async def _work(self, job: Job) -> None:
        self._log(f"[Worker] Claimed job {job.id} ({job.type})")
        heartbeat = asyncio.create_task(self._beat(job))
        try:
            await self._process(job)
            # Also after a failure, and after a render that Modal has only just been given.
            self._log(f"[Worker] Finished job {job.id}")
        except StudioError as error:
            self._log(f"[Worker] Unhandled error processing job {job.id}: {error}")
        finally:
            heartbeat.cancel()

    async def _process(self, job: Job) -> None:
        self._log(f"[Worker] Processing {job.type} job {job.id}")
        try:
            await self.jobs.advance(job.id, "initializing", 0)
            handler = _HANDLERS.get(job.type)
            if handler is None:
                raise StudioError(f"Unknown job type: {job.type}")
            storage = self._storage()
            await handler(
                Task(job, self.jobs, storage, self._variables, self._network, self._log, self._defects),
            )
        except StudioError as error:
            await self._failed(job, str(error), transient=error.transient)
        except Exception as error:  # noqa: BLE001 - one job that breaks the code must not end the worker
            await self._failed(job, f"{type(error).__name__}: {error}", transient=False)

    async def _failed(self, job: Job, error: str, *, transient: bool) -> None:
        if transient and job.retries < 1:
            self._log(f"[Worker] Transient error on job {job.id}, scheduling retry: {error}")
            await self.jobs.update(job.id, status="pending", retryCount=job.retries + 1, stage=None, progress=0)
            return
        self._log(f"[Worker] Job {job.id} failed: {error}")
        await self.jobs.fail(job.id, error)

    async def _beat(self, job: Job) -> None:
        """Keep the reaper off a job that is being worked at."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            with contextlib.suppress(StudioError):
                await self.jobs.update(job.id)

    async def _reap(self) -> None:
        while not self._stopping.is_set():
            await self._pause(self.settings.reaper)
            if self._stopping.is_set():
                return
            try:
                await reap(self.jobs, self.settings, self._log)
            except StudioError as error:
                self._log(f"[Worker] Reaper error: {error}")

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
