"""Kernels that start in a tenth of a second: forked from a worker that has imported what every runbook needs.

A Jupyter kernel provisioner (entry point ``jupyter_client.kernel_provisioners``), used by the runner alone; plain papermill and
JupyterLab start their kernels as always.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Imported for the kernels' sake, before the fork.
import botocore.session  # noqa: F401
import httpx  # noqa: F401
import ipykernel.kernelapp
import ipykernel.zmqshell
import IPython.core.interactiveshell  # noqa: F401
from jupyter_client.provisioning import LocalProvisioner

import deploybook.runbook.runbook  # noqa: F401
from deploybook import http
from deploybook.runner import kernel_folder

NAME = "deploybook-warm"
PARENT_POLL_SECONDS = 0.5
CHOICE_VARIABLE = "JUPYTER_DEFAULT_PROVISIONER_NAME"


class WarmProvisioner(LocalProvisioner):  # type: ignore[misc]
    """Like Jupyter's own for local kernels, with a fork in place of a new interpreter."""

    async def launch_kernel(self, cmd: Sequence[str], **kwargs: Any) -> dict[str, Any]:
        """Fork a kernel with the options that ``cmd`` (an interpreter, ``-m``, ipykernel's launcher, options) gives it."""
        options = list(cmd)[list(cmd).index("-f") :]
        self.process = ForkedKernel(options, environ=kwargs["env"], directory=kwargs.get("cwd"))
        self.pid = self.process.pid
        self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd")
        info: dict[str, Any] = self.connection_info
        return info


class ForkedKernel:
    """A forked kernel with the part of Popen's interface that a provisioner uses."""

    stdin = stdout = stderr = None

    def __init__(self, options: list[str], environ: Mapping[str, str], directory: str | None) -> None:
        self.returncode: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _become_kernel(options, environ, directory)
        _running.add(self)

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
                _running.discard(self)
        return self.returncode

    def wait(self) -> int:
        """Wait for the exit code."""
        while (code := self.poll()) is None:
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


_running: set[ForkedKernel] = set()


def stop_all() -> None:
    """Have every kernel of this process stop before its next request."""
    for kernel in [*_running]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(kernel.pid, signal.SIGTERM)


def _become_kernel(options: list[str], environ: Mapping[str, str], directory: str | None) -> None:
    """In the child: shed what belongs to the worker and run a kernel until it is shut down. Never returns."""
    try:
        folder = Path(options[options.index("-f") + 1]).parent
        threading.Thread(target=_end_with_worker, args=(os.getppid(), folder), daemon=True).start()
        os.setsid()
        signal.signal(signal.SIGTERM, lambda *_: http.stop())
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(environ)
        if directory:
            os.chdir(directory)
        _detach_standard_streams()
        # The worker's event loop, in the midst of starting this kernel, came along with the fork.
        asyncio.set_event_loop(asyncio.new_event_loop())
        # A script's sys.argv would be read as the kernel's own options.
        sys.argv = ["ipykernel_launcher", *options]
        ipykernel.kernelapp.IPKernelApp.launch_instance(options)
    finally:
        os._exit(0)


def _end_with_worker(worker: int, folder: Path) -> None:
    """A kernel does not outlive a worker that was killed, nor do its connection file and sockets.

    ipykernel's own watch, which leaves both, stays off: it reads the parent's pid when it is imported, which was before the fork.
    """
    while os.getppid() == worker:
        time.sleep(PARENT_POLL_SECONDS)
    kernel_folder.remove(folder)
    os._exit(1)


def _detach_standard_streams() -> None:
    """Standard input and both outputs become the null device: what a cell prints goes through the kernel's messages."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        with contextlib.suppress(OSError):
            os.dup2(null, number)
