"""The one shape that every emulated service has.

A provider's folder holds ``state`` (what exists and the rules, no HTTP), ``schema.py`` (bodies in, views out), ``api.py`` (credentials,
limits, the provider's words), ``routes/`` (the operations), ``service.py`` (what ties them to a port) and, where a real server or
process stands behind, ``backend/``.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from deploybook.sandbox.core.clock import Clock
from deploybook.sandbox.core.faults import Faults
from deploybook.sandbox.core.freezing import Part
from deploybook.sandbox.core.hosts import on_loopback_names
from deploybook.sandbox.core.journal import Journal
from deploybook.sandbox.core.serving import Listener, serve
from deploybook.sandbox.core.traffic import Traffic

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from deploybook.sandbox.core.certificates import Certificates

S = TypeVar("S", bound="Service")


@dataclass
class Context:
    """What a service gets from the sandbox that hosts it."""

    directory: Path
    certificates: Certificates
    journal: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    clock: Clock = field(default_factory=Clock)
    traffic: Traffic = field(default_factory=Traffic)
    services: dict[str, Service] = field(default_factory=dict)

    async def serve(
        self, service: str, app: ASGIApp, *, tls: bool = False, port: int = 0, any_host: bool = False
    ) -> Listener:
        """Serve an ASGI app on 127.0.0.1, journalled and subject to injected faults; port 0 takes a free one.

        ``any_host``: the app itself refuses the hosts that it does not have; else only loopback's names are served.
        """
        wrapped = self.traffic.watch(self.journal.record(service, self.faults.apply(service, app)))
        served = wrapped if any_host else on_loopback_names(wrapped)
        return await serve(served, port=port, certificates=self.certificates if tls else None)

    @asynccontextmanager
    async def at_rest(self) -> AsyncIterator[None]:
        """Within, nobody reaches a service: no request from before changes what comes after, or is in the way of what is ended now."""
        self.faults.clear(carry_out=False)
        self.clock.run()
        async with self.traffic.stopped():
            yield

    def service(self, kind: type[S]) -> S:
        """The running service of this class (providers that are one company share state inside the sandbox)."""
        return next(service for service in self.services.values() if isinstance(service, kind))


class Service(ABC):
    """One emulated provider API. ``start`` before anything else; ``reset`` returns it to the state just after ``start``."""

    name: str

    def __init__(self, context: Context) -> None:
        self.context = context
        self._listeners: list[Listener] = []

    async def serve(self, app: ASGIApp, *, tls: bool = False, any_host: bool = False) -> str:
        """Serve an app until ``close``, journalled under the service's name; the URL has no trailing slash."""
        listener = await self.context.serve(self.name, app, tls=tls, any_host=any_host)
        self._listeners.append(listener)
        return listener.url

    @abstractmethod
    async def start(self) -> None:
        """Open the port and start what stands behind it."""

    @abstractmethod
    def exports(self) -> dict[str, str]:
        """Environment variables that point any client at this service, credentials included."""

    @abstractmethod
    async def reset(self) -> None:
        """Forget every resource; the operator's credentials and the ports stay."""

    # A snapshot (``snapshots.py``) asks ``busy``, then ``save`` and ``ports``. A world is brought back by ``vacate``, then the state of
    # all services is put in the place of the present one, then ``load``.

    @abstractmethod
    def state(self) -> list[Part]:
        """The objects that hold what exists here. All else that they refer to is data."""

    def busy(self) -> str:
        """What is being made just now, in words; empty where nothing is. A snapshot waits for its end."""
        return ""

    def ports(self) -> list[int]:
        """The ports that were opened for resources: a world that is brought back has them again."""
        return []

    async def save(self, directory: Path) -> Any:  # noqa: ARG002
        """Save what stands behind the state, files in ``directory``; ``load`` gets the returned value."""
        return None

    async def vacate(self) -> None:
        """End what runs, and give up its ports."""
        await self.reset()

    async def load(self, saved: Any) -> None:  # noqa: B027
        """Start what the state says that there is. Services before this one have done so."""

    async def close(self) -> None:
        """Free the ports. A service that started processes ends them too."""
        while self._listeners:
            await self._listeners.pop().close()


def issue_id(length: int = 32) -> str:
    """A fresh lower-case hex identifier of ``length`` characters."""
    return secrets.token_hex((length + 1) // 2)[:length]
