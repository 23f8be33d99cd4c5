"""``python -m deploybook.sandbox.modal.backend.container.parent``: the process from which containers are forked.

It has imported what every container needs, which takes ten times as long as all else that starting one costs. It reads orders from
standard input, one JSON object a line: ``{"container", "specification", "directory", "log", "env"}`` forks a container, ``{"kill": PID}``
ends one. On standard output it reports ``{"container", "pid"}`` and ``{"pid", "code"}``. It ends, and its containers with it, when standard
input does.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import selectors
import signal
import sys
from pathlib import Path
from typing import Any

import boto3

from deploybook.sandbox.modal.backend.container.__main__ import main

_PR_SET_PDEATHSIG = 1
# What a container's process imports before the operator's own code.
SHARED = ("modal._container_entrypoint",)
# The image decides whether a container has it.
OPTIONAL = "fastapi"


def import_shared() -> None:
    """Import what every container needs, and leave no trace of what it is to execute or may not have."""
    for name in SHARED:
        importlib.import_module(name)
    with contextlib.suppress(ImportError):
        importlib.import_module(OPTIONAL)
    # The runtime is executed, by its name, in each container.
    del sys.modules["modal._container_entrypoint"]
    _read_descriptions()


def _read_descriptions() -> None:
    """Let boto3's default session read what it makes clients of S3 from: parsing takes longer than all imports.

    What else the session knows, it reads from the environment when a client is made: that is each container's own. With keys given it
    looks for no others, which would be asked of the network.
    """
    boto3.client("s3", region_name="auto", aws_access_key_id="none", aws_secret_access_key="none").close()


class Parent:
    """The loop that reads orders, forks, and reports the ends."""

    def __init__(self) -> None:
        self._children: set[int] = set()
        self._wake, self._woken = os.pipe()
        os.set_blocking(self._woken, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)

    def serve(self) -> dict[str, Any] | None:
        """Fork containers until standard input ends. Gives None then, and in each forked process its order."""
        unread = b""
        with selectors.DefaultSelector() as events:
            events.register(0, selectors.EVENT_READ)
            events.register(self._wake, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in events.select()}
                if self._wake in ready:
                    os.read(self._wake, 4096)
                    self._reap()
                if 0 not in ready:
                    continue
                if not (chunk := os.read(0, 65536)):
                    break
                *lines, unread = (unread + chunk).split(b"\n")
                for line in lines:
                    if (order := self._obey(json.loads(line))) is not None:
                        return order
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        return None

    def _obey(self, order: dict[str, Any]) -> dict[str, Any] | None:
        if "kill" in order:
            if order["kill"] in self._children:
                os.kill(order["kill"], signal.SIGKILL)
            return None
        pid = os.fork()
        if pid == 0:
            self._forget()
            return order
        self._children.add(pid)
        _report(container=order["container"], pid=pid)
        return None

    def _reap(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            self._children.discard(pid)
            _report(pid=pid, code=os.waitstatus_to_exitcode(status))

    def _forget(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._wake)
        os.close(self._woken)


def become(order: dict[str, Any]) -> Path:
    """Turn the forked process into the container's: its session, outputs, environment, directory. Gives its specification."""
    os.setsid()
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, target in enumerate((null, log, log)):
        os.dup2(target, number)
    os.close(null)
    os.close(log)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["directory"])
    return Path(order["specification"])


def _report(**event: object) -> None:
    os.write(1, json.dumps(event).encode() + b"\n")


if __name__ == "__main__":
    import_shared()
    if (order := Parent().serve()) is not None:
        main(become(order))
