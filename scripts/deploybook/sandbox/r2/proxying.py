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
_PATIENCE = 64 * 1024 * 1024


Body = AsyncIterator[bytes] | bytes | None


class ClientGone(Exception):
    """The client went away in the middle of its upload."""


def upstream_request(url: str, scope: Scope, body: Body) -> httpx.Request:
    """The same request for SeaweedFS: same path bytes, same Host, same signed headers."""
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name.decode("latin-1").lower() not in _HOP_BY_HOP and not name.lower().startswith(b"x-forwarded-")
    ]
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    return httpx.Request(scope["method"], url, headers=headers, content=body, extensions={"target": target})


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


class Upload:
    """The body of a request: streamed once, or read whole if it is small, or let go when the request is refused."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = {name.lower(): value.lower() for name, value in scope["headers"]}
        self._receive = receive
        self._waits = headers.get(b"expect") == b"100-continue"
        self._done = not ({b"content-length", b"transfer-encoding"} & headers.keys())

    @property
    def announced(self) -> bool:
        """Whether there is more to come."""
        return not self._done

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives; asking for it makes the server say 100 Continue."""
        while not self._done:
            self._waits = False
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._done = not message.get("more_body", False)
            if chunk := message.get("body", b""):
                yield chunk

    async def read(self) -> bytes:
        """The whole of a small body."""
        collected = b""
        async for chunk in self.chunks():
            collected += chunk
            if len(collected) > _SMALL:
                raise R2Error(INVALID_ARGUMENT, "the body is too long for a configuration")
        return collected

    async def let_go(self) -> bool:
        """Drop what is left; False if the connection must end instead.

        A client that waits for 100 Continue sends nothing after a refusal, so the next bytes would be another request.
        One that is in the middle of a long upload would not see its answer if it were cut off at once.
        """
        if self._done or self._waits:
            return self._done
        dropped = 0
        async for chunk in self.chunks():
            dropped += len(chunk)
            if dropped > _PATIENCE:
                return False
        return True
