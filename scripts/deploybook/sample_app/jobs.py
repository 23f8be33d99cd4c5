"""The job store: the web app adds jobs and reads them, the worker claims, advances and ends them."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from deploybook.sample_app.hrana import Row, Statement, Transaction

# The application's table: times are text, ISO 8601 in UTC, and compared as text. Every statement may run again.
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS audio_prep_jobs (jobId TEXT PRIMARY KEY, type TEXT NOT NULL,"
    " status TEXT NOT NULL DEFAULT 'pending', progress REAL NOT NULL DEFAULT 0, stage TEXT, metadata TEXT NOT NULL DEFAULT '{}',"
    " result TEXT, error TEXT, retryCount INTEGER NOT NULL DEFAULT 0, createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS idx_jobs_status ON audio_prep_jobs (status)",
    "CREATE INDEX IF NOT EXISTS idx_jobs_created ON audio_prep_jobs (createdAt)",
    "CREATE INDEX IF NOT EXISTS idx_jobs_updated ON audio_prep_jobs (updatedAt)",
)
INGEST, RENDER = "ingest", "render"


class Database(Protocol):
    """Turso, or SQLite on a developer's machine."""

    async def execute(self, *statements: Statement) -> list[list[Row]]:
        """Run statements, each by itself; the rows of each."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """An interactive write transaction."""


@dataclass(frozen=True)
class Job:
    """One row. Times are as in the table."""

    id: str
    type: str
    status: str
    progress: float
    stage: str | None
    metadata: dict[str, Any]
    result: dict[str, Any] | None
    error: str | None
    retries: int
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, row: Row) -> Job:
        """A row as it comes from the database."""
        return cls(
            row["jobId"],
            row["type"],
            row["status"],
            row["progress"],
            row["stage"],
            json.loads(row["metadata"]),
            json.loads(row["result"]) if row["result"] else None,
            row["error"],
            row["retryCount"],
            row["createdAt"],
            row["updatedAt"],
        )

    @property
    def age(self) -> float:
        """Seconds since its row last changed."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.updated_at)).total_seconds()


class Jobs:
    """The store. Its first use makes the table, in the web app and in the worker alike."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._prepared = False
        self._lock = asyncio.Lock()

    async def prepare(self) -> None:
        """Make the table if it is not there."""
        async with self._lock:
            if not self._prepared:
                await self._database.execute(*SCHEMA)
                self._prepared = True

    async def add(self, job_id: str, kind: str, metadata: dict[str, Any]) -> None:
        """A new pending job."""
        sql = (
            "INSERT INTO audio_prep_jobs (jobId, type, stage, metadata, createdAt, updatedAt) VALUES (?, ?, ?, ?, ?, ?)"
        )
        moment = now()
        await self._run(sql, job_id, kind, "queued", json.dumps(metadata), moment, moment)

    async def find(self, job_id: str) -> Job | None:
        """A job by its id."""
        rows = await self._run("SELECT * FROM audio_prep_jobs WHERE jobId = ?", job_id)
        return Job.of(rows[0]) if rows else None

    async def position(self, job: Job) -> int:
        """Its place among the pending jobs; 1 is next."""
        sql = "SELECT count(*) AS before FROM audio_prep_jobs WHERE status = 'pending' AND createdAt < ?"
        return int((await self._run(sql, job.created_at))[0]["before"]) + 1

    async def claim(self) -> Job | None:
        """Take the oldest pending job, in one interactive write transaction; None if there is none."""
        await self.prepare()
        async with self._database.transaction() as transaction:
            choose = "SELECT jobId FROM audio_prep_jobs WHERE status = 'pending' ORDER BY createdAt LIMIT 1"
            [oldest] = await transaction.execute(choose)
            if not oldest:
                return None
            job_id = oldest[0]["jobId"]
            mark = "UPDATE audio_prep_jobs SET status = 'processing', stage = 'claimed', updatedAt = ? WHERE jobId = ?"
            await transaction.execute((mark, (now(), job_id)))
            [claimed] = await transaction.execute(("SELECT * FROM audio_prep_jobs WHERE jobId = ?", (job_id,)))
            return Job.of(claimed[0])

    async def advance(self, job_id: str, stage: str, progress: float, metadata: dict[str, Any] | None = None) -> None:
        """Record a job's stage and progress. A job that has ended is left alone: the callback can be faster than the worker."""
        sql = (
            "UPDATE audio_prep_jobs SET stage = ?, progress = ?, metadata = coalesce(?, metadata), updatedAt = ?"
            " WHERE jobId = ? AND status = 'processing'"
        )
        await self._run(sql, stage, progress, None if metadata is None else json.dumps(metadata), now(), job_id)

    async def complete(self, job_id: str, result: dict[str, Any]) -> None:
        """End a job with its result."""
        sql = (
            "UPDATE audio_prep_jobs SET status = 'complete', stage = 'complete', progress = 100, result = ?, error = NULL,"
            " updatedAt = ? WHERE jobId = ?"
        )
        await self._run(sql, json.dumps(result), now(), job_id)

    async def fail(self, job_id: str, error: str) -> None:
        """End a job with an error; its stage stays, and says where it failed."""
        sql = "UPDATE audio_prep_jobs SET status = 'failed', error = ?, updatedAt = ? WHERE jobId = ?"
        await self._run(sql, error, now(), job_id)

    async def requeue(self, job: Job) -> None:
        """Make a stalled job pending again, unless it has changed since it was read."""
        sql = (
            "UPDATE audio_prep_jobs SET status = 'pending', stage = 'queued', retryCount = retryCount + 1, updatedAt = ?"
            " WHERE jobId = ? AND status = 'processing' AND updatedAt = ?"
        )
        await self._run(sql, now(), job.id, job.updated_at)

    async def under_way(self) -> list[Job]:
        """The jobs in processing, those of a worker that is gone included."""
        rows = await self._run("SELECT * FROM audio_prep_jobs WHERE status = 'processing'")
        return [Job.of(row) for row in rows]

    async def _run(self, sql: str, *arguments: str | int | float | None) -> list[Row]:
        await self.prepare()
        [rows] = await self._database.execute((sql, arguments))
        return rows


def new_job_id() -> str:
    """A UUID, as the webhook demands."""
    return str(uuid.uuid4())


def now() -> str:
    """This moment as the table has it: ``2026-02-23T12:00:00.000Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
