"""Child processes of the sandbox: the real servers behind an emulated service."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

_PR_SET_PDEATHSIG = 1


class Child:
    """A started server. Its environment is scrubbed: no operator credential reaches a third party's binary."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log

    @classmethod
    async def start(
        cls, command: Sequence[str], *, directory: Path, log: Path, env: Mapping[str, str] | None = None
    ) -> Child:
        """Start ``command`` in ``directory`` with PATH, HOME=directory and ``env`` only; output goes to ``log``."""
        scrubbed = {"PATH": os.environ.get("PATH", ""), "HOME": str(directory), "TMPDIR": str(directory), **(env or {})}
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=directory,
                env=scrubbed,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                preexec_fn=die_with_parent(),
                start_new_session=True,
                umask=0o077,
            )
        return cls(process, log)

    async def wait_ready(self, url: str, client: httpx.AsyncClient, *, seconds: float = 60.0) -> None:
        """Wait until ``url`` answers anything at all; raises RuntimeError with the log's tail if it does not."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                await client.get(url)
                return
            except httpx.TransportError:
                expired = asyncio.get_running_loop().time() > deadline
                if self.process.returncode is not None or expired:
                    tail = self.log.read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"{url} did not come up; last output:\n{tail}") from None
                await asyncio.sleep(0.03)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Let the process wait meanwhile: its files are as a crash would leave them, and do not change."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    async def stop(self) -> None:
        """End the process at once: its data is the sandbox's and is thrown away."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


def die_with_parent(number: signal.Signals = signal.SIGKILL) -> Callable[[], Any] | None:
    """On Linux, ask the kernel to end the child by this signal when the sandbox dies, even by SIGKILL."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, number)
