"""Passing a request on to SeaweedFS and its answer back, as a stream, with nothing changed that a signature covers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import httpx
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope

from deploybook.sandbox.r2.state.refusals import BAD_HASH, INVALID_ARGUMENT, R2Error

if TYPE_CHECKING:
    from deploybook.sandbox.r2.backend.seaweed import SeaweedServer

_HOP_BY_HOP = frozenset(
    {"connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_NOT_R2 = ("access-control-", "seaweed-", "x-seaweed")
_SMALL = 128 * 1024


Body = AsyncIterator[bytes] | bytes | None


class ClientGone(Exception):
    """The client went away in the middle of its upload."""


class Passage:
    """The way to SeaweedFS: same path bytes, same Host, same signed headers."""

    def __init__(self, server: SeaweedServer) -> None:
        self._server = server

    async def forward(self, scope: Scope, body: Body) -> httpx.Response:
        """Send a request on; the answer's body is still to be read."""
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name.decode("latin-1").lower() not in _HOP_BY_HOP and not name.lower().startswith(b"x-forwarded-")
        ]
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        request = httpx.Request(
            scope["method"], self._server.url, headers=headers, content=body, extensions={"target": target}
        )
        return await self._server.http.send(request, stream=True)


def relay(upstream: httpx.Response) -> StreamingResponse:
    """SeaweedFS's answer without its CORS headers (the rules are kept in the proxy) and without what names it."""

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
    """The body of a request: streamed once, or read whole if it is small."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = {name.lower(): value.lower() for name, value in scope["headers"]}
        self._receive = receive
        self._hash = headers.get(b"x-amz-content-sha256", b"").decode("latin-1")
        self._done = not ({b"content-length", b"transfer-encoding"} & headers.keys())

    async def _pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives; asking for it makes the server say 100 Continue."""
        while not self._done:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._done = not message.get("more_body", False)
            if chunk := message.get("body", b""):
                yield chunk

    async def begin(self) -> Body:
        """Take in the beginning: the whole body if that is all, else the stream of it.

        SeaweedFS keeps an empty object when an upload breaks off before its first byte, so it is not told of an upload
        until there are two pieces: one to send, and one to keep back until the hash is known.
        """
        if self._done:
            return None
        pieces = self._pieces()
        first = [piece async for piece in _take(pieces, 2)]
        if not self._done:
            return self._verified(first, pieces)
        self._check(hashlib.sha256(b"".join(first)))
        return b"".join(first)

    async def _verified(self, first: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The body, its last piece only if the whole has the hash that was signed (SeaweedFS does not look at it).

        Without its last piece an upload is not complete, and SeaweedFS drops it.
        """
        hasher, kept = hashlib.sha256(first[0]), first[1]
        yield first[0]
        async for piece in rest:
            hasher.update(kept)
            yield kept
            kept = piece
        hasher.update(kept)
        self._check(hasher)
        yield kept

    def _check(self, hasher: hashlib._Hash) -> None:
        if re.fullmatch("[0-9a-f]{64}", self._hash) and hasher.hexdigest() != self._hash:
            raise R2Error(BAD_HASH)

    async def read(self) -> bytes:
        """The whole of a small body."""
        collected = b""
        async for piece in self._pieces():
            collected += piece
            if len(collected) > _SMALL:
                raise R2Error(INVALID_ARGUMENT, "the body is too long for a configuration")
        self._check(hashlib.sha256(collected))
        return collected


async def _take(pieces: AsyncIterator[bytes], number: int) -> AsyncIterator[bytes]:
    """The first pieces, leaving the iterator open for the rest."""
    for _ in range(number):
        try:
            yield await anext(pieces)
        except StopAsyncIteration:
            return
