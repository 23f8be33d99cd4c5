"""The way from a database's public port to its server: an ASGI reverse proxy that changes nothing on the way.

Hrana over HTTP (JSON and Protobuf alike) passes through; WebSockets do not. ``libsql://`` is HTTP for the clients that
we know (``@libsql/client`` prefers it and turns it into ``https://``); ``wss://`` asks for what is not here.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

# Of this connection only, not of the message (RFC 9110, 7.6.1). The length is set anew by whoever sends.
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)

# SQL is found as text in both encodings of Hrana. A statement that was stored before and is named by number is not
# seen, nor does BEGIN IMMEDIATE count: it changes nothing.
_WRITES = re.compile(
    rb"\b(?:insert\s+(?:or\s+\w+\s+)?into|replace\s+into|update\s+\S+.*?\sset|delete\s+from|alter\s+table"
    rb"|(?:create|drop)\s+(?:temp(?:orary)?\s+|unique\s+|virtual\s+)?(?:table|index|view|trigger)|vacuum|reindex"
    rb"|pragma\s+\w+\s*=)\b",
    re.IGNORECASE | re.DOTALL,
)


def writes(body: bytes) -> bool:
    """Whether a Hrana request's SQL could change the database; for the journal, which calls every POST a write else."""
    # In JSON a line break inside SQL is the two characters \n, which is no space and would hide "insert\ninto".
    return _WRITES.search(re.sub(rb"\\[nrt]", b" ", body)) is not None


@dataclass(frozen=True)
class Upstream:
    """Where a database's server listens, and the client that holds the connections to it."""

    url: str
    client: httpx.AsyncClient


def reverse_proxy(upstream: Callable[[], Upstream | Response]) -> ASGIApp:
    """Forward every request to ``upstream()``; a response in its place is the answer while no server is there."""

    async def forward(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        if request.method == "POST":
            scope["writes"] = writes(body)
        target = upstream()
        if isinstance(target, Response):
            await target(scope, receive, send)
            return
        query = f"?{request.url.query}" if request.url.query else ""
        url = f"{target.url}{request.url.path}{query}"
        # A bare Request: the client's own default headers would be added to those of the caller otherwise.
        outgoing = httpx.Request(request.method, url, headers=_end_to_end(request.headers.raw), content=body)
        try:
            answer = await target.client.send(outgoing, stream=True)
        except httpx.TransportError:
            await unavailable()(scope, receive, send)
            return
        # The connection is given back whatever becomes of the caller: one that goes away must not keep it.
        async with contextlib.aclosing(answer):
            headers = [(name.lower(), value) for name, value in _end_to_end(answer.headers.raw)]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
            async for chunk in answer.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})

    return forward


def unavailable() -> Response:
    """While the server restarts with new keys ("a short downtime is required", invalidate-tokens.mdx)."""
    return JSONResponse({"error": "the database is not available"}, 503)


def _end_to_end(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
