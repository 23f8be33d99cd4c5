"""What a sandbox has open: its processes, and the addresses on which they listen (Linux)."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

LISTENING = "0A"


def listeners(process: int) -> set[tuple[str, int]]:
    """The TCP addresses, of both families, on which a process or one that it started listens."""
    inodes = {inode for one in _tree(process) for inode in _sockets(one)}
    return {(host, port) for inode, host, port in _table() if inode in inodes}


def _tree(process: int) -> Iterator[int]:
    yield process
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _tree(int(child))


def _sockets(process: int) -> Iterator[str]:
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            yield target.removeprefix("socket:[").removesuffix("]")


def _table() -> Iterator[tuple[str, str, int]]:
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING:
                number, _, port = fields[1].partition(":")
                words = [int(number[at : at + 8], 16) for at in range(0, len(number), 8)]
                packed = b"".join(struct.pack("=I", word) for word in words)
                yield fields[9], socket.inet_ntop(family, packed), int(port, 16)
