"""Snapshots of the whole sandbox: a provisioned world is frozen once, and brought back in place of being provisioned again.

It is the same world: what exists at every provider, each database and object, credentials, addresses, and what runs. What a provider
only counts begins anew: the limits of calls. The journal is empty and no fault is armed.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploybook.sandbox.core.freezing import Frozen, Part
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.core.serving import reserve

PAUSE_SECONDS = 0.02
PATIENCE_SECONDS = 60.0


@dataclass
class _Snapshot:
    state: Frozen
    saved: dict[str, Any]
    directory: Path
    # The addresses of the world stay its own while others are there: nobody else is given their ports.
    reserved: list[socket.socket]


class Snapshots:
    """The snapshots of one sandbox, by name."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._snapshots: dict[str, _Snapshot] = {}
        self._numbers = itertools.count(1)

    async def take(self) -> str:
        """Freeze the world as it is, once nothing is being made in it; the snapshot's name. Raises Refusal (409) if that does not come."""
        await self._at_rest()
        name = f"snapshot-{next(self._numbers)}"
        directory = self._context.directory / "snapshots" / name
        directory.mkdir(parents=True, mode=0o700)
        services = self._context.services
        saved = {service.name: await service.save(directory) for service in services.values()}
        reserved = [reserve(port) for service in services.values() for port in service.ports()]
        self._snapshots[name] = _Snapshot(Frozen(self._parts()), saved, directory, reserved)
        return name

    async def restore(self, name: str) -> None:
        """Bring a world back, whatever is there now. Raises Refusal (404) if there is no snapshot of this name."""
        snapshot = self._find(name)
        services = list(self._context.services.values())
        async with self._context.at_rest():
            for service in reversed(services):
                await service.vacate()
            snapshot.state.thaw(self._parts())
        for service in services:
            await service.load(snapshot.saved[service.name])
        self._context.journal.clear()

    async def drop(self, name: str) -> None:
        """Forget a snapshot. Raises Refusal (404) if there is none of this name."""
        snapshot = self._find(name)
        del self._snapshots[name]
        for reserved in snapshot.reserved:
            reserved.close()
        await asyncio.to_thread(shutil.rmtree, snapshot.directory, ignore_errors=True)

    async def close(self) -> None:
        """Forget all."""
        for name in list(self._snapshots):
            await self.drop(name)

    def _find(self, name: str) -> _Snapshot:
        if name not in self._snapshots:
            raise Refusal(404, "there is no such snapshot")
        return self._snapshots[name]

    def _parts(self) -> list[Part]:
        return [part for service in self._context.services.values() for part in service.state()]

    async def _at_rest(self) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while reasons := [reason for service in self._context.services.values() if (reason := service.busy())]:
            if asyncio.get_running_loop().time() > deadline:
                raise Refusal(409, f"the world is not at rest: {'; '.join(reasons)}")
            await asyncio.sleep(PAUSE_SECONDS)
