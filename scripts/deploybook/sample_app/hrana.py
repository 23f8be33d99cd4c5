"""The application's own client of libSQL: Hrana 3 over HTTP (libsql ``docs/HRANA_3_SPEC.md``), as ``@libsql/client`` speaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import httpx

from deploybook.sample_app.problems import DatabaseFailed

Value = str | int | float | None
Row = dict[str, Any]
Statement = str | tuple[str, Sequence[Value]]


class Transaction(Protocol):
    """An open write transaction."""

    async def execute(self, *statements: Statement) -> list[list[Row]]:
        """Run statements; the rows of each."""


class Hrana:
    """One database. ``libsql://`` is https, as for every libSQL client."""

    def __init__(self, url: str, token: str, client: httpx.AsyncClient) -> None:
        scheme, _, host = url.partition("://")
        if scheme not in {"libsql", "https"} or not host:
            raise DatabaseFailed(f"URL_INVALID: The URL {_shown(url)} is not in a valid format")
        self.base = f"https://{host.rstrip('/')}"
        # fetch strips white space from the ends of a header's value.
        self._headers = {"Authorization": f"Bearer {token}".strip("\t\r\n ")} if token else {}
        self._client = client

    async def execute(self, *statements: Statement) -> list[list[Row]]:
        """Run statements on a stream of their own, each committed by itself."""
        stream = _Stream(self)
        return await stream.run(*statements, close=True)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """An interactive write transaction: committed at the end of the block, rolled back if it raises."""
        stream = _Stream(self)
        try:
            await stream.run("BEGIN IMMEDIATE")
            yield stream
            await stream.run("COMMIT", close=True)
        finally:
            await stream.close()

    async def post(self, base: str, body: dict[str, Any]) -> dict[str, Any]:
        """One request of a pipeline; raises for what fails as a whole."""
        # The words are those of @libsql/client, which never quotes a token.
        try:
            response = await self._client.post(f"{base}/v3/pipeline", json=body, headers=self._headers)
        except (httpx.TransportError, httpx.InvalidURL, UnicodeEncodeError):
            raise DatabaseFailed("fetch failed") from None
        try:
            content = response.json()
        except ValueError:
            content = {}
        if response.is_error or "results" not in content:
            raise DatabaseFailed(f"SERVER_ERROR: Server returned HTTP status {response.status_code}")
        return dict(content)


class _Stream:
    """A sequence of requests that share a connection at the server; each answer's baton opens the next."""

    def __init__(self, database: Hrana) -> None:
        self._database = database
        self._base = database.base
        self._baton: str | None = None

    async def execute(self, *statements: Statement) -> list[list[Row]]:
        return await self.run(*statements)

    async def run(self, *statements: Statement, close: bool = False) -> list[list[Row]]:
        requests: list[dict[str, Any]] = [{"type": "execute", "stmt": _encoded(statement)} for statement in statements]
        if close:
            requests.append({"type": "close"})
        answer = await self._database.post(self._base, {"baton": self._baton, "requests": requests})
        self._baton, self._base = answer["baton"], answer.get("base_url") or self._base
        # A statement that fails is HTTP 200 as well, and does not keep the next one from running.
        for result in answer["results"]:
            if result["type"] == "error":
                error = result["error"]
                raise DatabaseFailed(f"{error.get('code') or 'SQLITE_ERROR'}: {error['message']}")
        return [_rows(result["response"]["result"]) for result in answer["results"][: len(statements)]]

    async def close(self) -> None:
        """Close the stream if it is open; the server undoes what is not committed."""
        if self._baton is not None:
            baton, self._baton = self._baton, None
            try:
                await self._database.post(self._base, {"baton": baton, "requests": [{"type": "close"}]})
            except DatabaseFailed:
                # The server closes it by itself after some seconds.
                return


def _encoded(statement: Statement) -> dict[str, Any]:
    sql, arguments = (statement, ()) if isinstance(statement, str) else statement
    return {"sql": sql, "args": [_value(argument) for argument in arguments]}


def _value(value: Value) -> dict[str, Any]:
    if value is None:
        return {"type": "null"}
    if isinstance(value, int):
        return {"type": "integer", "value": str(value)}
    if isinstance(value, float):
        return {"type": "float", "value": value}
    return {"type": "text", "value": value}


def _rows(result: dict[str, Any]) -> list[Row]:
    names = [column["name"] for column in result["cols"]]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in result["rows"]]


def _plain(cell: dict[str, Any]) -> Any:
    if cell["type"] == "integer":
        return int(cell["value"])
    return cell.get("value")


def _shown(url: str) -> str:
    """A URL that cannot be used, without what stands before the host: it may hold a password."""
    return repr(url.rpartition("@")[2] or "undefined")
