"""The one shape that every emulated service has.

A service keeps its state in ``models.py`` (no HTTP there) and parses and serialises in ``responses.py`` (no state there);
its ``service.py`` ties both to a port.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from deploybook.sandbox.core.faults import Faults
from deploybook.sandbox.core.journal import Journal
from deploybook.sandbox.core.serving import Listener, serve

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
    services: dict[str, Service] = field(default_factory=dict)

    async def serve(self, service: str, app: ASGIApp, *, tls: bool = False, port: int = 0) -> Listener:
        """Serve an ASGI app on 127.0.0.1, journalled and subject to injected faults; port 0 takes a free one."""
        wrapped = self.journal.record(service, self.faults.apply(service, app))
        return await serve(wrapped, port=port, certificates=self.certificates if tls else None)

    def service(self, kind: type[S]) -> S:
        """The running service of this class (providers that are one company share state inside the sandbox)."""
        return next(service for service in self.services.values() if isinstance(service, kind))


class Service(ABC):
    """One emulated provider API. ``start`` before anything else; ``reset`` returns it to the state just after ``start``."""

    name: str

    def __init__(self, context: Context) -> None:
        self.context = context

    @abstractmethod
    async def start(self) -> None:
        """Open the port and start what stands behind it."""

    @abstractmethod
    def exports(self) -> dict[str, str]:
        """Environment variables that point any client at this service, credentials included."""

    @abstractmethod
    async def reset(self) -> None:
        """Forget every resource; the operator's credentials and the ports stay."""

    @abstractmethod
    async def close(self) -> None:
        """Free the port and end the processes that this service started."""


def issue_id(length: int = 32) -> str:
    """A fresh lower-case hex identifier of ``length`` characters."""
    return secrets.token_hex((length + 1) // 2)[:length]
