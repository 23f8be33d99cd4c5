"""Passing a request on to SeaweedFS and its answer back, as a stream, with nothing changed that a signature covers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope

from deploybook.sandbox.r2.errors import INVALID_ARGUMENT, R2Error

_HOP_BY_HOP = frozenset(
    {"connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_NOT_R2 = ("access-control-", "seaweed-", "x-seaweed")
_SMALL = 128 * 1024


class ClientGone(Exception):
    """The client went away in the middle of its upload."""


def upstream_request(url: str, scope: Scope, body: AsyncIterator[bytes] | bytes) -> httpx.Request:
    """The same request for SeaweedFS: same path bytes, same Host, same signed headers."""
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name.decode("latin-1").lower() not in _HOP_BY_HOP and not name.lower().startswith(b"x-forwarded-")
    ]
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    has_body = any(name.lower() in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])
    return httpx.Request(
        scope["method"], url, headers=headers, content=body if has_body else None, extensions={"target": target}
    )


def relay(upstream: httpx.Response) -> StreamingResponse:
    """SeaweedFS's answer without its CORS headers (the rules are kept in the front) and without what names it."""

    async def chunks() -> AsyncIterator[bytes]:
        try:
            async for chunk in upstream.aiter_raw():
                yield chunk
        finally:
            await upstream.aclose()

    response = StreamingResponse(chunks(), status_code=upstream.status_code)
    dropped = _HOP_BY_HOP | {"server", "vary", "date"}
    response.raw_headers = [
        (name.lower(), value)
        for name, value in upstream.headers.raw
        if (lower := name.decode("latin-1").lower()) not in dropped and not lower.startswith(_NOT_R2)
    ]
    return response


async def stream_body(receive: Receive) -> AsyncIterator[bytes]:
    """The request's body as it arrives."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if chunk := message.get("body", b""):
            yield chunk
        if not message.get("more_body", False):
            return


async def read_body(receive: Receive) -> bytes:
    """The whole of a small body."""
    collected = b""
    async for chunk in stream_body(receive):
        collected += chunk
        if len(collected) > _SMALL:
            raise R2Error(INVALID_ARGUMENT, "the body is too long for a configuration")
    return collected
