"""The server: its socket on loopback, its name, and what happens when the operator ends it."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from deploybook.errors import ConfigurationError
from deploybook.serve.api import Api
from deploybook.serve.gate import Gate
from deploybook.serve.pages import OWN, Pages, acting
from deploybook.serve.workshop import Workshop
from deploybook.state.atomic import write_private

LOOK_SECONDS = 0.2
NAME_FILE = "serve.json"
DOCTOR = (
    "<h1>Doctor</h1><p>What is wrong in the environment that you chose in the checklist, and how to fix it.</p>"
    '<div id="ds-doctor"></div>'
)
_NAME = re.compile(r"[0-9a-f]{16}")


class Server(uvicorn.Server):
    """Serves until Ctrl-C or SIGTERM; then each run stops before its next request, and with a second Ctrl-C at once.

    Nothing is logged: an address may have a token in it.
    """

    def __init__(self, workshop: Workshop, site: Path, host: str, announce: Callable[[str], None]) -> None:
        pages = Pages(site)
        routes = [
            *Api(workshop).routes(),
            Route(f"{OWN}/acting/{{name}}", acting),
            Route(f"{OWN}/inline/{{digest}}.js", pages.script),
            Route(f"{OWN}/doctor", lambda _: pages.own("404.html", DOCTOR, "Doctor")),
            Route("/{path:path}", pages.page),
        ]
        super().__init__(
            uvicorn.Config(
                Gate(Starlette(routes=routes), host, announce),
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=1,
            )
        )
        self._workshop = workshop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to watch the runs of others, too."""
        await super().startup(sockets)
        self._watching = asyncio.create_task(self._workshop.watch.follow())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the runs, then JupyterLab and the connections."""
        self._watching.cancel()
        closing = asyncio.create_task(self._workshop.runs.close())
        while not closing.done():
            await asyncio.wait({closing}, timeout=LOOK_SECONDS)
            if self.force_exit:
                self._workshop.runs.kill()
        await self._workshop.jupyter.close()
        await super().shutdown(sockets)


def host_name(state: Path) -> str:
    """The server's name in this checkout, always the same: what a browser keeps of the guide belongs to it."""
    path = state / NAME_FILE
    try:
        name = str(json.loads(path.read_text(encoding="utf-8"))["name"])
    except (OSError, ValueError, LookupError, TypeError):
        name = ""
    if not _NAME.fullmatch(name):
        name = secrets.token_hex(8)
        write_private(path, json.dumps({"name": name}) + "\n")
    return f"deploybook-{name}.localhost"


def listening(port: int) -> socket.socket:
    """A socket on loopback. Raises ConfigurationError for a port that is taken."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
        bound.listen()
    except OSError as problem:
        bound.close()
        raise ConfigurationError(
            f"Port {port} of this machine cannot be used ({problem.strerror}).",
            "Run deploybook serve --port 0: it takes any that is free.",
        ) from None
    return bound
