"""What is in the bucket and in the table of jobs, as the vault's own credentials see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploybook.clouds.r2.objects import Store
from deploybook.clouds.turso.hrana import LibSql
from deploybook.errors import ServiceError

# More objects than this are not compared one by one: it would take minutes.
MOST_KEYS = 20_000
SELECT = "SELECT jobId, type, status, metadata, result, updatedAt FROM audio_prep_jobs WHERE metadata LIKE ? OR result LIKE ?"
ANY = "%"


@dataclass(frozen=True)
class Inventory:
    """The bucket's keys, None where there are too many to compare, and the jobs' ids."""

    keys: frozenset[str] | None
    jobs: frozenset[str]

    @classmethod
    def of(cls, store: Store, database: LibSql) -> Inventory:
        """As it is now. Raises a ServiceError for what cannot be read."""
        keys: set[str] = set()
        for key, _ in objects(store, ""):
            keys.add(key)
            if len(keys) > MOST_KEYS:
                break
        jobs = frozenset(row.id for row in job_rows(database))
        return cls(None if len(keys) > MOST_KEYS else frozenset(keys), jobs)

    def __str__(self) -> str:
        count = f"more than {MOST_KEYS}" if self.keys is None else str(len(self.keys))
        return f"{count} objects, {len(self.jobs)} jobs"


@dataclass(frozen=True)
class JobRow:
    """One row of the table; ``metadata`` and ``result`` are empty where they are no JSON object."""

    id: str
    type: str
    status: str
    metadata: dict[str, Any]
    result: dict[str, Any]
    updated_at: str


def job_rows(database: LibSql, pattern: str = ANY) -> list[JobRow]:
    """The jobs with a pattern (of SQL's LIKE) in their metadata or result; none before the table exists."""
    try:
        rows = database.query(SELECT, pattern, pattern)
    except ServiceError as error:
        if "no such table" in str(error):
            return []
        raise
    return [
        JobRow(
            str(row["jobId"]),
            str(row["type"]),
            str(row["status"]),
            _object(row["metadata"]),
            _object(row["result"]),
            str(row["updatedAt"]),
        )
        for row in rows
    ]


def objects(store: Store, prefix: str) -> Iterator[tuple[str, str]]:
    """Every key that begins so, with its ETag (for what was put in one piece, its MD5)."""
    start = ""
    while True:
        page = store.call("list_objects_v2", Prefix=prefix, StartAfter=start)
        for entry in page.get("Contents", []):
            start = str(entry["Key"])
            yield start, str(entry.get("ETag", "")).strip('"')
        if not page.get("IsTruncated"):
            return


def _object(text: Any) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}
