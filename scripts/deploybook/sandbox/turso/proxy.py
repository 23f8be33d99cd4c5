"""The way from a database's public port to its server: an ASGI reverse proxy that changes nothing on the way.

Hrana over HTTP (JSON and Protobuf alike) passes through; WebSockets do not. ``libsql://`` is HTTP for the clients that
we know (``@libsql/client`` prefers it and turns it into ``https://``); ``wss://`` asks for what is not here.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
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


def reverse_proxy(client: httpx.AsyncClient, upstream: Callable[[], str | None], namespace: str) -> ASGIApp:
    """Forward to ``upstream()``; None there is a database that was deleted, which answers as libSQL's server would."""

    async def forward(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        if request.method == "POST":
            scope["writes"] = writes(body)
        base = upstream()
        if base is None:
            await JSONResponse({"error": f"Namespace `{namespace}` doesn't exist"}, 404)(scope, receive, send)
            return
        response = await _exchange(client, base, request, body)
        await response(scope, receive, send)

    return forward


async def _exchange(client: httpx.AsyncClient, base: str, request: Request, body: bytes) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    # A bare Request: the client's own default headers would be added to those of the caller otherwise.
    outgoing = httpx.Request(
        request.method, f"{base}{request.url.path}{query}", headers=_end_to_end(request.headers.raw), content=body
    )
    try:
        answer = await client.send(outgoing, stream=True)
    except httpx.TransportError:
        # It is being restarted with new keys ("a short downtime is required", invalidate-tokens.mdx).
        return JSONResponse({"error": "the database is not available"}, 503)
    response = StreamingResponse(_relay(answer), answer.status_code)
    response.raw_headers = [(name.lower(), value) for name, value in _end_to_end(answer.headers.raw)]
    return response


async def _relay(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def _end_to_end(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
