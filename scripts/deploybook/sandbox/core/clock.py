"""The time that an emulated cloud takes for its own work: a build, a roll-out, the wait for a runner."""

from __future__ import annotations

import asyncio


class Clock:
    """Runs, unless somebody has stopped it: then the work waits, and each step lets all that waits go on to its next wait.

    A test sees every state so, however slow the machine is.
    """

    def __init__(self) -> None:
        self._running = True
        self._waiting: list[asyncio.Future[None]] = []
        self._arrived = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass, or wait for a step."""
        if self._running:
            await asyncio.sleep(seconds)
            return
        step = asyncio.get_running_loop().create_future()
        self._waiting.append(step)
        self._arrived.set()
        await step

    def stop(self) -> None:
        """Let nothing pass its next wait."""
        self._running = False

    def run(self) -> None:
        """Run again; what waits goes on."""
        self._running = True
        self._release()

    async def step(self) -> None:
        """Let what waits go on to its next wait; if nothing waits yet, wait for it first."""
        await self._arrived.wait()
        self._release()

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._arrived.clear()
        for step in waiting:
            # Work that was cancelled meanwhile waits no longer.
            if not step.done():
                step.set_result(None)
