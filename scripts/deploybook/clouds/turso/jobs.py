"""The application's jobs table, in a copy of its own for the checks, and the worker's claim.

The real table is never written: a row in it would be taken by a running worker.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from deploybook.clouds.turso.hrana import LibSql
from deploybook.clouds.turso.values import Row
from deploybook.errors import ServiceError

TABLE = "audio_prep_jobs"
SCRATCH = "deploybook_check"
# A check takes seconds: what is older was left by a run that was killed.
LEFT_OVER_SECONDS = 3600
_SCRATCH_NAME = re.compile(rf"{SCRATCH}_([0-9]{{10,12}})_[0-9a-f]{{8}}")

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
    table = f"{SCRATCH}_{int(time.time())}_{secrets.token_hex(4)}"
    present = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ?"
    leftovers = [table]
    try:
        tables, *_ = database.execute((present, (f"{SCRATCH}_*",)), *definition(table))
        leftovers += [name for name in (str(row["name"]) for row in tables) if _left_over(name)]
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


def _left_over(name: str) -> bool:
    match = _SCRATCH_NAME.fullmatch(name)
    return match is not None and int(match[1]) < time.time() - LEFT_OVER_SECONDS


def _drop(database: LibSql, tables: list[str]) -> None:
    database.execute(*(f"DROP TABLE IF EXISTS {table}" for table in tables))
