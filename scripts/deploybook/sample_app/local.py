"""The job store of a developer's machine: SQLite in the process's own memory. No other process ever sees its jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploybook.sample_app.hrana import Row, Statement, Transaction


class LocalDatabase:
    """The same statements as on Turso. They take microseconds, so they run in the event loop."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.row_factory = sqlite3.Row

    async def execute(self, *statements: Statement) -> list[list[Row]]:
        """Run statements."""
        return [self._run(statement) for statement in statements]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """The connection itself: nobody else uses it."""
        yield self

    def _run(self, statement: Statement) -> list[Row]:
        sql, arguments = (statement, ()) if isinstance(statement, str) else statement
        return [dict(row) for row in self._connection.execute(sql, tuple(arguments))]
