"""Every request that the sandbox answered: service, method, path, status. Never a body, a header or a signature."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Entry:
    """One answered request; ``writes`` says whether it could have changed something."""

    service: str
    method: str
    path: str
    status: int
    at: float
    writes: bool


@dataclass
class Journal:
    """The requests in the order of their answers."""

    entries: list[Entry] = field(default_factory=list)

    def add(self, service: str, method: str, path: str, status: int, *, writes: bool | None = None) -> None:
        """Note one answer; ``writes`` is derived from the HTTP method unless given (gRPC, SQL over POST)."""
        decided = method not in READS if writes is None else writes
        self.entries.append(Entry(service, method, path, status, time.time(), decided))

    def record(self, service: str, app: ASGIApp) -> ASGIApp:
        """Wrap an ASGI app so that its answers are noted."""

        async def journalled(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return

            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    # The path alone: a query can carry a signature or a token.
                    self.add(service, scope["method"], scope["path"], message["status"], writes=scope.get("writes"))
                await send(message)

            await app(scope, receive, noting)

        return journalled

    def as_dicts(self, services: Iterable[str] = ()) -> list[dict[str, Any]]:
        """The entries as JSON-ready mappings, of the named services only if any are named."""
        wanted = set(services)
        return [asdict(entry) for entry in self.entries if not wanted or entry.service in wanted]

    def clear(self) -> None:
        """Forget all entries."""
        self.entries.clear()
