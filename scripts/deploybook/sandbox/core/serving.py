"""ASGI apps on loopback ports inside the sandbox's event loop."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from deploybook.sandbox.core.peers import cutting_strangers

if TYPE_CHECKING:
    from deploybook.sandbox.core.certificates import Certificates


@dataclass
class Listener:
    """A served app; ``url`` has no trailing slash."""

    url: str
    port: int
    server: uvicorn.Server
    task: asyncio.Task[None]

    async def close(self) -> None:
        """Stop listening; open connections are cut."""
        self.server.should_exit = True
        self.server.force_exit = True
        await self.task


def _protocol(*arguments: Any, **named: Any) -> asyncio.Protocol:
    """HTTP on a connection of ours; a stranger's is cut before anything of it is read."""
    protocol: asyncio.Protocol = cutting_strangers(AutoHTTPProtocol(*arguments, **named))
    return protocol


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:  # pragma: no cover - the sandbox owns the signals
        pass

    def capture_signals(self):  # type: ignore[no-untyped-def]
        from contextlib import nullcontext

        return nullcontext()


async def serve(app: ASGIApp, *, port: int = 0, certificates: Certificates | None = None) -> Listener:
    """Serve ``app`` on 127.0.0.1, to processes of this user, until ``Listener.close``; with certificates over https."""
    bound = _listening(port)
    config = uvicorn.Config(
        _with_cut(_closing_unread(app)),
        http=cast("type[asyncio.Protocol]", _protocol),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        ws="none",
        timeout_keep_alive=60,
        ssl_certfile=certificates.server_path if certificates else None,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.005)
    port = bound.getsockname()[1]
    return Listener(f"{'https' if certificates else 'http'}://127.0.0.1:{port}", port, server, task)


def _with_cut(app: ASGIApp) -> ASGIApp:
    """Give each request ``scope["state"]["cut"]()``, which drops its connection without an answer."""

    async def cuttable(scope: Scope, receive: Receive, send: Send) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        scope.setdefault("state", {})["cut"] = transport.abort if transport else (lambda: None)
        await app(scope, receive, send)

    return cuttable


def _closing_unread(app: ASGIApp) -> ASGIApp:
    """Close the connection where a client that waits for *100 Continue* is refused instead.

    It will not send its body then, and the server would take the next request's first bytes for it (RFC 9110 §10.1.1).
    """

    async def closing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (b"expect", b"100-continue") not in scope["headers"]:
            await app(scope, receive, send)
            return
        body_read = False

        async def receiving() -> Message:
            nonlocal body_read
            body_read = True
            return await receive()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and not body_read:
                message = {**message, "headers": [*message.get("headers", []), (b"connection", b"close")]}
            await send(message)

        await app(scope, receiving, sending)

    return closing


def _listening(port: int) -> socket.socket:
    """A bound socket that says it is TCP: asyncio turns off Nagle's algorithm only for those, and without that every
    answer on a kept-alive connection waits 40 ms for the client's delayed acknowledgement."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    _let_be_reserved(bound)
    bound.bind(("127.0.0.1", port))
    bound.listen(256)
    return bound


def reserve(port: int) -> socket.socket:
    """Keep a port, whether ``serve`` listens there just now or not: nobody but ``serve`` is given it until the socket is closed.

    A socket that does not listen takes no connection, and what connects is refused when nobody else listens.
    """
    kept = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    _let_be_reserved(kept)
    kept.bind(("127.0.0.1", port))
    return kept


def _let_be_reserved(bound: socket.socket) -> None:
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Processes of this user alone may share the port (socket(7)), and a port that is left to the system is never a shared one.
    if hasattr(socket, "SO_REUSEPORT"):
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def free_port() -> int:
    """A TCP port that was free a moment ago, for children that cannot bind port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
