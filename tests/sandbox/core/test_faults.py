"""Which request a fault strikes, which of those that are held go on, and what of a request survives its caller."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from starlette.types import Message, Receive, Scope, Send

from deploybook.sandbox.core.faults import Fault, Faults


def held_by(scenario: str) -> Fault:
    return Fault("s", "slow", seconds=60, scenario=scenario)


def test_a_fault_lets_as_many_matching_requests_pass_as_it_says() -> None:
    faults = Faults([Fault("s", "reset", path="/a", skip=2)])
    struck = [faults.take("s", "GET", path) is not None for path in ("/a", "/b", "/a", "/a", "/a")]
    assert struck == [False, False, False, True, False]


def test_the_end_of_one_scenario_lets_go_what_it_holds_and_nothing_else() -> None:
    async def run() -> tuple[bool, bool]:
        faults = Faults()
        one, other = (asyncio.create_task(faults.hold(held_by(name))) for name in ("one", "other"))
        await asyncio.sleep(0)
        faults.end("one")
        first = await one
        waits = not other.done()
        faults.clear(carry_out=False)
        return first and waits, await other

    carried_out, dropped = asyncio.run(run())
    assert carried_out
    assert not dropped


def test_a_request_that_is_held_is_carried_out_whole_though_its_caller_has_gone() -> None:
    body = bytearray()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body.extend((await receive()).get("body", b""))
        body.extend((await receive()).get("body", b""))

    async def run() -> None:
        faults = Faults([held_by("one")])
        messages: Iterator[Message] = iter(
            [
                {"type": "http.request", "body": b"be", "more_body": True},
                {"type": "http.request", "body": b"gun", "more_body": False},
                {"type": "http.disconnect"},
            ]
        )
        gone = asyncio.Event()

        async def receive() -> Message:
            # A server tells a service that its caller has gone before it gives what had arrived.
            return {"type": "http.disconnect"} if gone.is_set() else next(messages)

        async def send(message: Message) -> None:
            raise AssertionError("there is nobody to answer")

        scope = {"type": "http", "method": "POST", "path": "/", "state": {}}
        request = asyncio.ensure_future(faults.apply("s", app)(scope, receive, send))
        while faults.armed[0].times:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        gone.set()
        faults.end("one")
        await request

    asyncio.run(run())
    assert bytes(body) == b"begun"
