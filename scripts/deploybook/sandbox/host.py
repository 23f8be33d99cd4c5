"""The sandbox as a whole: starts every service, exports how to reach them, resets and closes them."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import secrets
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from deploybook.sandbox.control import control_app
from deploybook.sandbox.core.certificates import Certificates
from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.core.serving import Listener, serve
from deploybook.sandbox.snapshots import Snapshots

# In the order of their start: a service may ask the context only for those before it.
REGISTRY: dict[str, str] = {
    "r2": "deploybook.sandbox.r2.service:ObjectService",
    "cloudflare": "deploybook.sandbox.cloudflare.service:CloudflareService",
    "turso": "deploybook.sandbox.turso.service:TursoService",
    "modal": "deploybook.sandbox.modal.service:ModalService",
    "vercel": "deploybook.sandbox.vercel.service:VercelService",
    "render": "deploybook.sandbox.render.service:RenderService",
    "github": "deploybook.sandbox.github.service:GitHubService",
    "studio": "deploybook.sandbox.application:StudioService",
}


class Sandbox:
    """All services on loopback. Use as an async context manager, or ``start`` and ``close``."""

    def __init__(self, directory: Path, only: Sequence[str] = (), app: Path | None = None) -> None:
        unknown = set(only) - REGISTRY.keys()
        if unknown:
            raise ValueError(f"no such sandbox service: {', '.join(sorted(unknown))}; there are {', '.join(REGISTRY)}")
        self.directory = directory
        self.context = Context(directory, Certificates(directory))
        self._names = [name for name in REGISTRY if not only or name in only]
        self._token = secrets.token_urlsafe(32)
        self._control: Listener | None = None
        self._app = app
        self.snapshots = Snapshots(self.context)

    async def start(self) -> None:
        """Start the services in the registry's order; on failure those already started are closed."""
        try:
            for name in self._names:
                service = self._make(name)
                self.context.services[name] = service
                await service.start()
            control = control_app(
                self.context, self._token, exports=self.exports, reset=self.reset, snapshots=self.snapshots
            )
            self._control = await serve(control)
        except BaseException:
            await self.close()
            raise

    def _make(self, name: str) -> Service:
        if name == "studio" and self._app is not None:
            from deploybook.sandbox.own_app.service import OwnAppService

            return OwnAppService(self.context, self._app)
        return _load(REGISTRY[name])(self.context)

    def exports(self) -> dict[str, str]:
        """Every variable that a client needs: endpoints, credentials, the authority's certificate, the control API and its token."""
        merged = self.context.certificates.exports()
        for service in self.context.services.values():
            merged |= service.exports()
        if self._control:
            merged |= {"DEPLOYBOOK_SANDBOX_URL": self._control.url, "DEPLOYBOOK_SANDBOX_TOKEN": self._token}
        return merged

    async def reset(self) -> None:
        """Return every service to its state after start; the journal and the faults are emptied too."""
        async with self.context.at_rest():
            for service in reversed(self.context.services.values()):
                await service.reset()
        self.context.journal.clear()

    async def close(self) -> None:
        """Close what is open, newest first."""
        if self._control:
            await self._control.close()
        await self.snapshots.close()
        for service in reversed(self.context.services.values()):
            await service.close()
        self.context.services.clear()

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _load(target: str) -> type[Service]:
    module, _, name = target.partition(":")
    loaded: type[Service] = getattr(importlib.import_module(module), name)
    return loaded


async def run(
    *, only: Sequence[str] = (), announce: str = "exports", owned: bool = False, app: Path | None = None
) -> None:
    """Run a sandbox until SIGINT or SIGTERM, or, if ``owned``, until standard input closes (its owner has ended).

    ``announce`` is ``file`` (the name of a file to source, for a person), ``exports`` (its lines) or ``json`` (one line for a program).
    ``app`` is the operator's application, which takes the place of the sample.
    """
    # Files and sockets of the sandbox, and of the servers that it starts, are this user's alone.
    os.umask(0o077)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if owned:
        # No executor's thread: the interpreter would wait for it where the sandbox ends by itself.
        threading.Thread(target=_when_orphaned, args=(loop, stop.set), daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="deploybook-sandbox-", ignore_cleanup_errors=True) as name:
        # What runs in this process, uploaded code too, finds no file of credentials in the home folder of whoever started it.
        os.environ.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        os.environ["HOME"] = name
        async with _started(Path(name), only, app) as sandbox:
            exports = sandbox.exports() | {"DEPLOYBOOK_SANDBOX_DIRECTORY": name}
            if announce == "json":
                print(json.dumps(exports), flush=True)
            else:
                print(_for_a_shell(Path(name), exports, announce), flush=True)
            await stop.wait()


def _for_a_shell(directory: Path, exports: Mapping[str, str], announce: str) -> str:
    """The exports as lines of sh, or, for a person, how to source them: the file is this user's alone, and gone with the sandbox."""
    lines = "\n".join(f"export {key}={shlex.quote(value)}" for key, value in exports.items())
    if announce != "file":
        return lines
    path = directory / "exports.sh"
    path.write_text(f"{lines}\n", encoding="utf-8")
    return f"The sandbox runs until Ctrl-C. Point the clients of another terminal at it with:\n\n    . {shlex.quote(str(path))}\n"


@contextlib.asynccontextmanager
async def _started(directory: Path, only: Sequence[str], app: Path | None) -> AsyncIterator[Sandbox]:
    """A running sandbox; ends the process with one sentence if it does not start."""
    sandbox = Sandbox(directory, only, app)
    try:
        await sandbox.start()
    except (RuntimeError, OSError) as problem:
        sys.exit(f"the sandbox did not start: {problem}")
    try:
        yield sandbox
    finally:
        await sandbox.close()


def _when_orphaned(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    """Wait until standard input ends, and act. It reads without a buffer: the buffer's lock would be held at the interpreter's end."""
    while os.read(0, 4096):
        pass
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(act)
