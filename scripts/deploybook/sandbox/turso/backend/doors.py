"""Where a database's server listens, and how the sandbox reaches it: through Unix sockets of this user's, or on loopback."""

from __future__ import annotations

import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploybook.sandbox.core.serving import free_port
from deploybook.sandbox.turso.backend import own_network

# The servers speak plain HTTP. Without this each client would load the system's authorities.
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# It waits longer than sqld lets a transaction hold up others (5 s), and as many requests as clients send pass.
_TIMEOUT_SECONDS = 60
_LIMITS = httpx.Limits(max_connections=None)


@dataclass(frozen=True)
class Doors:
    """``sql`` and ``admin``: the URLs at which ``client`` reaches the server; ``listening``: the addresses that it is given for them;
    ``launcher``: what stands before its command.
    """

    sql: str
    admin: str
    client: httpx.AsyncClient
    listening: tuple[str, str]
    launcher: tuple[str, ...] = ()

    @classmethod
    def of_unix_sockets(cls, directory: Path) -> Doors:
        """In a network of its own. The names in the URLs lead to the sockets."""
        paths = sockets(directory)
        for path in paths:
            path.unlink(missing_ok=True)
        names = ("http://sql", "http://admin")
        mounts = {name: _transport(str(path)) for name, path in zip(names, paths, strict=True)}
        client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False, verify=_NO_AUTHORITIES, mounts=mounts)
        sql, admin = (f"127.0.0.1:{port}" for port in own_network.PORTS)
        command = (sys.executable, "-I", "-S", own_network.__file__, *map(str, paths), "--")
        return cls(*names, client, (sql, admin), command)

    @classmethod
    def on_loopback(cls) -> Doors:
        """On two ports: sqld cannot be given port 0, so another process may take one first, and a stranger answers there."""
        sql, admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
        client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False, limits=_LIMITS, verify=_NO_AUTHORITIES)
        return cls(f"http://{sql}", f"http://{admin}", client, (sql, admin))


def sockets(directory: Path) -> tuple[Path, Path]:
    """The sockets of the server whose data is in ``directory``, beside it: a socket's path may have 104 characters on some systems."""
    sql, admin = (directory.parent / f"{directory.name[:8]}.{name}" for name in ("sql", "admin"))
    return sql, admin


def _transport(path: str) -> httpx.AsyncHTTPTransport:
    return httpx.AsyncHTTPTransport(uds=path, limits=_LIMITS, verify=_NO_AUTHORITIES)
