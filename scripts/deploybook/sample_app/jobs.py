"""The job store: the web app adds jobs and reads them, the worker claims, advances and ends them."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from deploybook.sample_app.hrana import Row, Statement, Transaction, Value
from deploybook.sample_app.problems import JobFailed

# The application's table: times are text, ISO 8601 in UTC, and compared as text. Every statement may run again.
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS audio_prep_jobs (jobId TEXT PRIMARY KEY, type TEXT NOT NULL,"
    " status TEXT NOT NULL DEFAULT 'pending', progress REAL NOT NULL DEFAULT 0, stage TEXT, metadata TEXT NOT NULL DEFAULT '{}',"
    " result TEXT, error TEXT, retryCount INTEGER NOT NULL DEFAULT 0, createdAt TEXT NOT NULL, updatedAt TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS idx_jobs_status ON audio_prep_jobs (status)",
    "CREATE INDEX IF NOT EXISTS idx_jobs_created ON audio_prep_jobs (createdAt)",
    "CREATE INDEX IF NOT EXISTS idx_jobs_updated ON audio_prep_jobs (updatedAt)",
)
INGEST, PREVIEW, SAVE, RENDER = "ingest", "preview", "save", "render"
TERMINAL = frozenset({"complete", "failed", "cancelled"})
STALE = "Timeout: job exceeded processing time limit"


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
            _number(row["progress"]),
            # As in the application, whose code reads a column that is not there as undefined: the first write says what is missing.
            row.get("stage"),
            json.loads(row["metadata"]),
            json.loads(row["result"]) if row["result"] else None,
            row["error"],
            row["retryCount"],
            row["createdAt"],
            row["updatedAt"],
        )


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

    async def create(self, kind: str, metadata: dict[str, Any], status: str = "pending") -> Job:
        """A new job. One that its creator does itself is ``processing`` from the first moment on: no worker can take it."""
        job_id, moment = str(uuid.uuid4()), now()
        sql = "INSERT INTO audio_prep_jobs (jobId, type, status, metadata, createdAt, updatedAt) VALUES (?, ?, ?, ?, ?, ?)"
        await self._run(sql, job_id, kind, status, json.dumps(metadata), moment, moment)
        return Job(job_id, kind, status, 0, None, metadata, None, None, 0, moment, moment)

    async def find(self, job_id: str) -> Job | None:
        """A job by its id."""
        rows = await self._run("SELECT * FROM audio_prep_jobs WHERE jobId = ?", job_id)
        return Job.of(rows[0]) if rows else None

    async def of_type(self, kind: str) -> list[Job]:
        """All jobs of a type, newest first."""
        sql = "SELECT * FROM audio_prep_jobs WHERE type = ? ORDER BY createdAt DESC"
        return [Job.of(row) for row in await self._run(sql, kind)]

    async def position(self, job: Job) -> int:
        """How many pending jobs come before a pending one; 0 is next."""
        sql = "SELECT count(*) AS before FROM audio_prep_jobs WHERE status = 'pending' AND createdAt < ?"
        return int((await self._run(sql, job.created_at))[0]["before"])

    async def claim(self) -> Job | None:
        """Take the oldest pending job, in one interactive write transaction; None if there is none."""
        await self.prepare()
        async with self._database.transaction() as transaction:
            choose = "SELECT jobId FROM audio_prep_jobs WHERE status = 'pending' ORDER BY createdAt LIMIT 1"
            [oldest] = await transaction.execute(choose)
            if not oldest:
                return None
            job_id = oldest[0]["jobId"]
            mark = "UPDATE audio_prep_jobs SET status = 'processing', updatedAt = ? WHERE jobId = ?"
            await transaction.execute((mark, (now(), job_id)))
            [claimed] = await transaction.execute(("SELECT * FROM audio_prep_jobs WHERE jobId = ?", (job_id,)))
            return Job.of(claimed[0])

    async def update(self, job_id: str, **columns: Value | dict[str, Any]) -> None:
        """Set columns of a job in any state, and its ``updatedAt``; none at all is a heartbeat. Raises JobFailed for no such job."""
        values = [json.dumps(value) if isinstance(value, dict) else value for value in columns.values()]
        sets = ", ".join(["updatedAt = ?", *(f"{name} = ?" for name in columns)])
        sql = f"UPDATE audio_prep_jobs SET {sets} WHERE jobId = ? RETURNING jobId"  # noqa: S608 - names of our own columns
        if not await self._run(sql, now(), *values, job_id):
            raise JobFailed(f"Job {job_id} not found")

    async def advance(self, job_id: str, stage: str, progress: float) -> None:
        """Record a job's stage and progress (0 to 100)."""
        await self.update(job_id, stage=stage, progress=progress)

    async def complete(self, job_id: str, result: dict[str, Any]) -> None:
        """End a job with its result, whatever it was; its stage stays."""
        await self.update(job_id, status="complete", progress=100, result=result)

    async def fail(self, job_id: str, error: str) -> None:
        """End a job with an error, whatever it was; its stage says where it failed."""
        await self.update(job_id, status="failed", error=error)

    async def cancel(self, job_id: str) -> None:
        """Cancel a job that has not ended."""
        await self.update(job_id, status="cancelled")

    async def fail_stale(self, seconds: float, kind: str = "") -> int:
        """Fail the processing jobs, of one type or all, whose row has not changed for that long; returns their number."""
        limit = text_of(datetime.now(UTC) - timedelta(seconds=seconds))
        sql = (
            "UPDATE audio_prep_jobs SET status = 'failed', error = ?, updatedAt = ?"
            " WHERE status = 'processing' AND updatedAt < ? AND (? = '' OR type = ?) RETURNING jobId"
        )
        return len(await self._run(sql, STALE, now(), limit, kind, kind))

    async def _run(self, sql: str, *arguments: Value) -> list[Row]:
        await self.prepare()
        [rows] = await self._database.execute((sql, arguments))
        return rows


def now() -> str:
    """This moment as the table has it: ``2026-02-23T12:00:00.000Z``."""
    return text_of(datetime.now(UTC))


def text_of(moment: datetime) -> str:
    """A moment (UTC) as the table has it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _number(value: float) -> float:
    """A number as JavaScript writes it: a whole one without a fraction."""
    return int(value) if float(value).is_integer() else value
