"""``python -I -S own_network.py SOCKET… -- COMMAND``: runs a command in a network of its own, which is reached through Unix sockets only.

sqld listens on TCP and answers whoever reaches its ports: ``/health`` and ``/version`` ask for no token, and no option takes them away. In
a network namespace of its own (network_namespaces(7)), for which a user namespace is enough (user_namespaces(7), no root), its loopback is
no other process's. The sockets are this user's alone: the umask and the folder that they are in see to it.

The first socket leads to PORTS[0], the second to PORTS[1]. Exit code REFUSED: this machine gives an ordinary user no such namespace, as
where AppArmor or a container's seccomp profile forbids it, or it is not Linux. A script of its own, without imports of ours: it starts in
milliseconds, before each start of a server.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
import threading

PORTS = (8080, 8081)
REFUSED = 71
# <linux/sched.h>, <linux/prctl.h>, <linux/sockios.h>, <linux/if.h>
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG = 1
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_CHUNK = 65536


def main() -> None:
    """Enter the network, leave a process that forwards behind, and become the command."""
    split = sys.argv.index("--")
    sockets, command = sys.argv[1:split], sys.argv[split + 1 :]
    try:
        _enter()
    except (OSError, AttributeError):
        sys.exit(REFUSED)
    listeners = [_listener(path) for path in sockets]
    parent = os.getpid()
    if os.fork() == 0:
        _end_with(parent)
        _forward(listeners)
    for listener in listeners:
        listener.close()
    os.execv(command[0], command)  # noqa: S606 - a list, and no shell is wanted


def _enter() -> None:
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    # A group may be mapped only once nobody in the namespace can drop groups.
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        # pathlib takes as long to import as all the rest.
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
            file.write(content)
    with socket.socket() as anything:
        fcntl.ioctl(anything, _SIOCSIFFLAGS, struct.pack("=16sh22x", b"lo", _IFF_UP))


def _end_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends, which has become the server by then."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _listener(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(256)
    return listener


def _forward(listeners: list[socket.socket]) -> None:
    for listener, port in zip(listeners, PORTS, strict=True):
        threading.Thread(target=_accept, args=(listener, port), daemon=True).start()
    threading.Event().wait()


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        client, _ = listener.accept()
        threading.Thread(target=_join, args=(client, port), daemon=True).start()


def _join(client: socket.socket, port: int) -> None:
    with client:
        try:
            server = socket.create_connection(("127.0.0.1", port))
        except OSError:
            # It does not listen yet.
            return
        with server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            _copy(client, server)
            back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
