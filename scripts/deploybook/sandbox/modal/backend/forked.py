"""Containers are forked from one parent, which is started with the first of them: the sandbox's side of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploybook.sandbox.modal.backend.launch import StartFailure


class ForkedContainer:
    """The process of one container, seen from the sandbox; its output is in ``log``."""

    def __init__(self, log: Path, pid: int, parent: ContainerParent) -> None:
        self.log = log
        self.pid = pid
        self.code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._parent = parent

    async def wait(self) -> int:
        """Wait for the end; the exit code, negative for a signal."""
        return await asyncio.shield(self.code)

    async def stop(self) -> None:
        """End the process at once."""
        if not self.code.done():
            self._parent.order(kill=self.pid)
        await self.wait()


class ContainerParent:
    """Starts ``container.parent`` when it is needed, orders containers of it and hears of their ends."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._listener: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._ordered: dict[str, tuple[Path, asyncio.Future[ForkedContainer]]] = {}
        self._containers: dict[int, ForkedContainer] = {}

    async def fork(
        self, container: str, specification: Path, *, directory: Path, log: Path, env: Mapping[str, str]
    ) -> ForkedContainer:
        """Fork a container that works in ``directory`` with PATH, HOME=directory and ``env`` only. Raises StartFailure."""
        async with self._starting:
            if self._listener is None or self._listener.done():
                await self._start(directory)
        log.touch(mode=0o600)
        forked: asyncio.Future[ForkedContainer] = asyncio.get_running_loop().create_future()
        self._ordered[container] = log, forked
        paths = {"specification": str(specification), "directory": str(directory), "log": str(log)}
        self.order(container=container, env={**_scrubbed(directory), **env}, **paths)
        return await forked

    def order(self, **order: object) -> None:
        """Send an order. One to a parent that is gone is lost: its containers are gone too."""
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def close(self) -> None:
        """End the parent, and with it the containers that are left."""
        if self._process is None or self._listener is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._listener

    async def _start(self, directory: Path) -> None:
        command = [sys.executable, "-P", "-u", "-m", "deploybook.sandbox.modal.backend.container.parent"]
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_scrubbed(directory), start_new_session=True
        )
        self._listener = asyncio.create_task(self._listen(self._process))

    async def _listen(self, process: Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self._hear(json.loads(line))
        for _, forked in self._ordered.values():
            if not forked.done():
                forked.set_exception(StartFailure("the process that starts containers ended"))
        for container in self._containers.values():
            container.code.set_result(-signal.SIGKILL)
        self._ordered.clear()
        self._containers.clear()

    def _hear(self, event: dict[str, Any]) -> None:
        pid = event["pid"]
        if "code" in event:
            self._containers.pop(pid).code.set_result(event["code"])
            return
        log, forked = self._ordered.pop(event["container"])
        self._containers[pid] = ForkedContainer(log, pid, self)
        if forked.done():
            # Whoever ordered it was cancelled meanwhile.
            self.order(kill=pid)
        else:
            forked.set_result(self._containers[pid])


def _scrubbed(directory: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(directory), "TMPDIR": str(directory)}
