"""Nothing that was begun in one world goes on in the next: which requests are let end, which are cut, and which do not begin."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Message, Receive, Scope, Send

from deploybook.sandbox.core import traffic
from deploybook.sandbox.core.traffic import Traffic

Handler = Callable[[], Awaitable[object]]


class Port:
    """A port of the sandbox whose requests are watched: what became of each is in ``ended``."""

    def __init__(self, watched: Traffic) -> None:
        self._watched = watched
        self.ended: list[str] = []

    def request(self, name: str, handler: Handler) -> asyncio.Task[None]:
        """Begin a request, which ``handler`` answers."""

        async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
            await handler()
            self.ended.append(f"{name} is answered")

        def cut() -> None:
            self.ended.append(f"{name} is cut")

        async def run() -> None:
            await self._watched.watch(app)({"type": "http", "state": {"cut": cut}}, _nothing, _discard)

        return asyncio.create_task(run())


async def _nothing() -> Message:
    raise AssertionError("nobody reads the body")


async def _discard(_message: Message) -> None:
    """Send nothing."""


def test_what_has_begun_ends_before_the_world_changes_and_what_never_ends_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(traffic, "GRACE_SECONDS", 0.05)

    async def run() -> list[str]:
        watched = Traffic()
        port = Port(watched)
        short = port.request("short", lambda: asyncio.sleep(0.01))
        endless = port.request("endless", asyncio.Event().wait)
        await asyncio.sleep(0)
        async with watched.stopped():
            ended = list(port.ended)
        await asyncio.gather(short, endless)
        return ended

    assert asyncio.run(run()) == ["short is answered", "endless is cut"]


def test_nothing_begins_meanwhile_and_everything_afterwards() -> None:
    async def run() -> list[str]:
        watched = Traffic()
        port = Port(watched)
        async with watched.stopped():
            await port.request("early", lambda: asyncio.sleep(0))
        await port.request("late", lambda: asyncio.sleep(0))
        return port.ended

    assert asyncio.run(run()) == ["early is cut", "late is answered"]


def test_a_request_whose_server_ends_is_not_taken_for_one_that_is_cut() -> None:
    async def run() -> list[str]:
        port = Port(Traffic())
        request = port.request("request", asyncio.Event().wait)
        await asyncio.sleep(0)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        return port.ended

    assert asyncio.run(run()) == []
