"""Keeps a container's process on this machine: of the names outside only those resolve that the sandbox stands for."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Mapping
from typing import Any

_resolve = socket.getaddrinfo
_connect = socket.socket.connect
_ports: dict[str, int] = {}


def stay_on_loopback(ports: Mapping[str, int]) -> None:
    """Patch the two calls through which every Python client opens a connection.

    ``ports`` maps host names (their subdomains included) to ports on loopback: a client that dials port 443 of such a name
    gets the sandbox's server, whose certificate is for that name.
    """
    _ports.update(ports)
    socket.getaddrinfo = _guarded_resolve
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign,assignment]


def _guarded_resolve(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if _is_loopback(name):
        return _resolve(host, port, *rest, **named)
    for domain, local in _ports.items():
        if name == domain or name.endswith(f".{domain}"):
            return _resolve("127.0.0.1", local, *rest, **named)
    raise socket.gaierror(socket.EAI_NONAME, f"{name} does not resolve in the sandbox")


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple) and not _is_loopback(address[0]):
        raise OSError(errno.ENETUNREACH, f"{address[0]} is not reachable: the sandbox has no network beyond loopback")
    _connect(self, address)


def _is_loopback(name: str | None) -> bool:
    if name in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False
