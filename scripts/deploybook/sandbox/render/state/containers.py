"""What runs once a deploy is live: the pluggable worker, and a small one until the studio plugs in its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

Log = Callable[[str], None]


class StopHandle(Protocol):
    """A running worker."""

    async def stop(self) -> None:
        """End it, as Render's SIGTERM would, and return when it has ended."""


class WorkerCrashed(Exception):
    """The container exited while starting; the deploy becomes ``update_failed``."""


WorkerFactory = Callable[[str, Mapping[str, str], Log], Awaitable[StopHandle]]
"""``factory(service_id, variables, log)`` starts a worker that sees ``variables`` only, and returns when it runs."""


class _Idle:
    async def stop(self) -> None:
        """There is nothing to end."""


async def start_idle_worker(service_id: str, variables: Mapping[str, str], log: Log) -> StopHandle:  # noqa: ARG001
    """Log what the studio's worker logs at its start, and crash where it does (app-contract, "Worker log lines")."""
    if not variables.get("TURSO_DATABASE_URL"):
        log("[Worker] TURSO_DATABASE_URL is required")
        raise WorkerCrashed("exited with status 1")
    log(f"[Worker] Started, polling every {variables.get('WORKER_POLL_INTERVAL_MS') or 3000}ms")
    return _Idle()
