"""Peer checks: every port of the sandbox serves only processes of this user and of root.

Linux says whose a socket of this machine is (sock_diag(7)). Where no kernel says it (macOS) every peer is served, and the credentials
that each API asks for are the only guard.
"""

from __future__ import annotations

import functools
import os
import socket
import struct
from asyncio import Transport
from typing import Any

# <linux/netlink.h>, <linux/sock_diag.h>, <linux/inet_diag.h>
_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST = 4, 20, 1
_HEADER = struct.Struct("=IHHII")
_EVERY_STATE = 0xFFFFFFFF
# After the header in an answer: family, state, timer, retransmissions, the identity, expiry and two queues; then user and inode.
_OWNER = struct.Struct("=4x48x12xII")

Address = tuple[str, int]


def cutting_strangers(protocol: Any) -> Any:
    """An asyncio protocol for TCP, made to cut a stranger's connection before it has read anything of it."""
    begin = protocol.connection_made

    def connection_made(transport: Transport) -> None:
        # Before the protocol begins, which may greet the peer (HTTP/2 does); what is written afterwards goes nowhere.
        if _says_whose() and not _is_ours(transport):
            transport.abort()
        begin(transport)

    protocol.connection_made = connection_made
    return protocol


def _is_ours(transport: Transport) -> bool:
    """Whether the process at the other end belongs to this user or to root."""
    owner = _owner(transport.get_extra_info("peername"), transport.get_extra_info("sockname"))
    return owner in {0, os.getuid()}


@functools.cache
def _says_whose() -> bool:
    """Whether this machine reports the owner of a socket, tested with a socket of our own."""
    if not hasattr(socket, "AF_NETLINK"):
        return False
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        try:
            return _owner(client.getsockname(), client.getpeername()) == os.getuid()
        except OSError:
            return False


def _owner(peer: Address, own: Address) -> int | None:
    """The user of the socket that is bound to ``peer`` and connected to ``own``; None if no process has it.

    A socket that its process has closed already has no inode, and the kernel says that it is root's.
    """
    ports = struct.pack("!HH", peer[1], own[1])
    ends = b"".join(socket.inet_aton(host).ljust(16, b"\0") for host, _ in (peer, own))
    anywhere = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
    request = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, _EVERY_STATE) + ports + ends + anywhere
    header = _HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
        kernel.send(header + request)
        answer = kernel.recv(4096)
    if _HEADER.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY:
        return None
    user, inode = _OWNER.unpack_from(answer, _HEADER.size)
    return int(user) if inode else None
