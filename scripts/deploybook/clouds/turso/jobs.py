"""The application's jobs table, in a copy of its own for the checks, and the worker's claim.

The real table is never written: a row in it would be taken by a running worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from deploybook.clouds import scratch
from deploybook.clouds.turso.hrana import LibSql
from deploybook.clouds.turso.values import Row
from deploybook.errors import ServiceError

TABLE = "audio_prep_jobs"
# A check takes seconds: what is older was left by a run that was killed.
LONGEST_CHECK_SECONDS = 3600.0

# The application's definition, as it creates the table at its first connection.
COLUMNS = {
    "jobId": "TEXT PRIMARY KEY",
    "type": "",
    "status": "DEFAULT 'pending'",
    "progress": "REAL",
    "stage": "",
    "metadata": "TEXT",
    "result": "TEXT",
    "error": "",
    "retryCount": "INTEGER",
    "createdAt": "",
    "updatedAt": "",
}
INDEXED = ("status", "createdAt", "updatedAt")


def definition(table: str) -> list[str]:
    """The statements that make the jobs table and its indexes under another name."""
    columns = ", ".join(f"{name} {rest}".strip() for name, rest in COLUMNS.items())
    indexes = [f"CREATE INDEX IF NOT EXISTS {table}_{column} ON {table} ({column})" for column in INDEXED]
    return [f"CREATE TABLE IF NOT EXISTS {table} ({columns})", *indexes]


@contextmanager
def scratch_table(database: LibSql) -> Iterator[str]:
    """A jobs table that no one else uses, dropped again whatever happens, and with it those that killed runs left."""
    table = _as_table(scratch.new_name())
    present = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ?"
    leftovers = [table]
    try:
        tables, *_ = database.execute((present, (f"{_as_table(scratch.PREFIX)}*",)), *definition(table))
        leftovers += [
            name for name in (str(row["name"]) for row in tables) if scratch.is_left_over(name, LONGEST_CHECK_SECONDS)
        ]
        yield table
    except BaseException:
        with suppress(ServiceError):
            _drop(database, leftovers)
        raise
    _drop(database, leftovers)


def add_jobs(database: LibSql, table: str, count: int) -> list[str]:
    """Put pending jobs into a jobs table, oldest first; their ids."""
    ids = [f"job-{number}" for number in range(count)]
    insert = f"INSERT INTO {table} (jobId, type, createdAt, updatedAt) VALUES (?, ?, ?, ?)"  # noqa: S608 - our own name
    database.execute(*((insert, (job, "ingest", moment, moment)) for moment, job in enumerate(ids)))
    return ids


def claim(
    database: LibSql, table: str, *, chosen: Callable[[], None] | None = None, marked: Callable[[], None] | None = None
) -> Row | None:
    """Take the oldest pending job as the worker does, in one interactive write transaction; None if there is none.

    ``chosen`` and ``marked`` are called at those moments: before the first mark no second claimant may get in, and a worker that
    dies after it must leave nothing.
    """
    with database.transaction() as stream:
        choose = f"SELECT jobId FROM {table} WHERE status = 'pending' ORDER BY createdAt LIMIT 1"  # noqa: S608
        [oldest] = stream.execute(choose)
        if not oldest:
            return None
        if chosen:
            chosen()
        job = oldest[0]["jobId"]
        mark = f"UPDATE {table} SET status = 'processing', updatedAt = ? WHERE jobId = ?"  # noqa: S608
        stream.execute((mark, (int(time.time() * 1000), job)))
        if marked:
            marked()
        [claimed] = stream.execute((f"SELECT * FROM {table} WHERE jobId = ?", (job,)))  # noqa: S608
        return claimed[0]


def _as_table(name: str) -> str:
    """A name without hyphens, which SQL would read as minus."""
    return name.replace("-", "_")


def _drop(database: LibSql, tables: list[str]) -> None:
    database.execute(*(f"DROP TABLE IF EXISTS {table}" for table in tables))
