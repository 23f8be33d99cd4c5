"""Faults injected by name: the ways in which a provider's network misbehaves, before the service sees the request."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KINDS = ("status", "slow", "slow-answer", "reset", "lost-answer")


@dataclass
class Fault:
    """Applies to ``times`` requests of matching method and path, after the first ``skip`` of them.

    ``kind``: ``status`` answers ``status`` with ``headers``; ``slow`` waits ``seconds`` before the service sees the request;
    ``slow-answer`` lets the service act and waits before answering; ``reset`` cuts the connection before the service sees the
    request; ``lost-answer`` lets the service act and cuts the connection instead of answering. ``scenario``: the entry of the scenario
    that it belongs to, so that one scenario ends without another.
    """

    service: str
    kind: str
    method: str = ".*"
    path: str = ".*"
    times: int = 1
    skip: int = 0
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    scenario: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault kind {self.kind!r} is unknown; use one of {', '.join(KINDS)}")

    def matches(self, service: str, method: str, path: str) -> bool:
        """Whether this fault is still armed for such a request."""
        return (
            self.times > 0
            and self.service == service
            and re.fullmatch(self.method, method) is not None
            and re.fullmatch(self.path, path) is not None
        )


@dataclass
class Faults:
    """The armed faults, first match first."""

    armed: list[Fault] = field(default_factory=list)
    _held: list[tuple[Fault, asyncio.Future[bool]]] = field(default_factory=list, repr=False)

    def inject(self, fault: Fault) -> None:
        """Arm a fault."""
        self.armed.append(fault)

    def clear(self, *, carry_out: bool = True) -> None:
        """Disarm all. The requests that a fault holds go on at once, or are dropped unseen by their service."""
        self.armed.clear()
        self._release([request for _, request in self._held], carry_out=carry_out)

    async def hold(self, fault: Fault) -> bool:
        """Hold a request for ``fault.seconds``, or until the faults are cleared. Returns whether it goes on then."""
        request = asyncio.get_running_loop().create_future()
        self._held.append((fault, request))
        try:
            return await asyncio.wait_for(request, fault.seconds)
        except TimeoutError:
            return True
        finally:
            self._held.remove((fault, request))

    def end(self, scenario: str, *, carry_out: bool = True) -> None:
        """Disarm those of one scenario. The requests that they hold go on at once, or are dropped unseen by their service."""
        self.armed[:] = [fault for fault in self.armed if fault.scenario != scenario]
        requests = [request for fault, request in self._held if fault.scenario == scenario]
        self._release(requests, carry_out=carry_out)

    def take(self, service: str, method: str, path: str) -> Fault | None:
        """The fault for this request, used up by one."""
        for fault in self.armed:
            if fault.matches(service, method, path):
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    def _release(self, requests: list[asyncio.Future[bool]], *, carry_out: bool) -> None:
        for request in requests:
            if not request.done():
                request.set_result(carry_out)

    def apply(self, service: str, app: ASGIApp) -> ASGIApp:
        """Wrap an ASGI app so that armed faults strike its requests."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            fault = self.take(service, scope["method"], scope["path"]) if scope["type"] == "http" else None
            if fault is None:
                await app(scope, receive, send)
            elif fault.kind == "status":
                await Response(fault.body, fault.status, fault.headers)(scope, receive, send)
            elif fault.kind == "slow":
                arrived = await _arrived(receive)
                if await self.hold(fault):
                    await app(scope, arrived, send)
                else:
                    scope["state"]["cut"]()
            elif fault.kind == "slow-answer":
                await app(scope, receive, self._delayed(send, fault))
            else:
                if fault.kind == "lost-answer":
                    await app(scope, receive, _discard)
                scope["state"]["cut"]()

        return faulty

    def _delayed(self, send: Send, fault: Fault) -> Send:
        """A send that waits before the answer's first message."""

        async def waiting(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self.hold(fault)
            await send(message)

        return waiting


async def _arrived(receive: Receive) -> Receive:
    """A receive that gives a request's whole body, which has arrived by now: a caller that goes away does not take it back."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())

    async def replayed() -> Message:
        return messages.pop(0) if messages else await receive()

    return replayed


async def _discard(_message: object) -> None:
    """Send nothing."""
