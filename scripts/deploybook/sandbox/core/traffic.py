"""The requests that are under way at the sandbox's ports: they are ended before the world that they are about is put away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

# How long a request may go on that has begun; a stream of a log, for one, would go on for ever.
GRACE_SECONDS = 1.0


class Traffic:
    """Knows each request that is being answered, and lets none begin while it is ``stopped``."""

    def __init__(self) -> None:
        self._requests: set[asyncio.Task[object]] = set()
        self._is_stopped = False

    def watch(self, app: ASGIApp) -> ASGIApp:
        """Wrap an ASGI app so that its requests are known here."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            task = asyncio.current_task()
            if scope["type"] != "http" or task is None:
                await app(scope, receive, send)
                return
            if self._is_stopped:
                scope["state"]["cut"]()
                return
            self._requests.add(task)
            try:
                await app(scope, receive, send)
            except asyncio.CancelledError:
                if not self._is_stopped:
                    raise
                scope["state"]["cut"]()
            finally:
                self._requests.discard(task)

        return watched

    @asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """Within, no request is under way and none begins: what has begun has ``GRACE_SECONDS``, and then it is cut, as a new one is."""
        self._is_stopped = True
        try:
            if self._requests:
                _, late = await asyncio.wait(set(self._requests), timeout=GRACE_SECONDS)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)
            yield
        finally:
            self._is_stopped = False
