"""The servers behind the databases: one ``sqld`` process each, reached through a TLS port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.responses import JSONResponse, Response

from deploybook.sandbox.core.processes import Child
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.core.serving import Listener
from deploybook.sandbox.turso.backend import own_network
from deploybook.sandbox.turso.backend.doors import Doors, sockets
from deploybook.sandbox.turso.backend.proxy import Upstream, reverse_proxy, unavailable
from deploybook.sandbox.turso.state.keys import Authorization
from deploybook.sandbox.turso.state.platform import Database

# Requests to databases are journalled, and faults are injected into them, under this name.
JOURNAL_NAME = "turso-sql"
# Of so many deleted databases the port stays open.
VACANT_PORTS = 8
DATA = "data"
_ATTEMPTS = 5


class DatabaseServer:
    """The process of one database.

    It has a network of its own and is reached through two Unix sockets, where the machine allows that. Elsewhere its two ports are on
    loopback: the one for SQL opens nothing without a token of the database (`/health`, `/version` and a greeting aside), the one for its
    administration nothing at all without the key that only this object knows.
    """

    def __init__(self, binary: Path, directory: Path, *, own_network: bool = True) -> None:
        self.binary = binary
        self.directory = directory
        self.upstream: Upstream | None = None
        self.own_network = own_network and sys.platform == "linux"
        self._admin, self._admin_key = "", secrets.token_hex(16)
        self._blocks = {"block_reads": False, "block_writes": False}
        # A rotation, another one and a deletion may come at once.
        self.lock = asyncio.Lock()
        self._child: Child | None = None

    async def start(self, database: Database) -> None:
        """Start the process over the data directory, with the database's present keys."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        keys, log = self.directory / "keys.pem", self.directory / "sqld.log"
        keys.write_text(database.public_keys())
        environ = {"RUST_LOG": "warn", "LIBSQL_ADMIN_AUTH_KEY": self._admin_key}
        for _ in range(_ATTEMPTS):
            doors = Doors.of_unix_sockets(self.directory) if self.own_network else Doors.on_loopback()
            child = await Child.start(self._command(doors, keys), directory=self.directory, log=log, env=environ)
            if await _answers(child, doors.sql, database, doors.client):
                self._child, self.upstream, self._admin = child, Upstream(doors.sql, doors.client), doors.admin
                if any(self._blocks.values()):
                    await self._configure()
                return
            await child.stop()
            await doors.client.aclose()
            self.own_network = self.own_network and child.process.returncode != own_network.REFUSED
        raise RuntimeError(f"sqld did not start; last output:\n{log.read_text(errors='replace')[-2000:]}")

    async def block(self, *, reads: bool, writes: bool) -> None:
        """Have the process refuse reads or writes, now and whenever it starts again: it does not keep this itself."""
        self._blocks = {"block_reads": reads, "block_writes": writes}
        await self._configure()

    async def console(self, database: Database, sql: str) -> None:
        """Run one statement with a token of the platform's own; raises RuntimeError if it fails."""
        token = database.key.mint(Authorization.FULL_ACCESS, 60)
        body = {"requests": [{"type": "execute", "stmt": {"sql": sql}}, {"type": "close"}]}
        url, client = self._running()
        answer = await client.post(f"{url}/v2/pipeline", headers={"Authorization": f"Bearer {token}"}, json=body)
        if answer.status_code != 200 or answer.json()["results"][0]["type"] != "ok":
            raise RuntimeError(answer.text)

    async def copy_data(self, target: Path) -> None:
        """Copy what it has committed; it waits meanwhile."""
        async with self.lock:
            assert self._child is not None
            with self._child.paused():
                await asyncio.to_thread(shutil.copytree, self.directory / DATA, target)

    async def stop(self) -> None:
        """End the process and close the connections to it; what it committed is on disk."""
        upstream, self.upstream = self.upstream, None
        if self._child:
            await self._child.stop()
        if upstream:
            await upstream.client.aclose()
        for path in sockets(self.directory):
            path.unlink(missing_ok=True)

    async def _configure(self) -> None:
        """Change the configuration of the only namespace (libsql-server ``src/http/admin``)."""
        _, client = self._running()
        url, headers = f"{self._admin}/v1/namespaces/default/config", {"Authorization": f"basic {self._admin_key}"}
        configuration = (await client.get(url, headers=headers)).raise_for_status().json()
        (await client.post(url, headers=headers, json=configuration | self._blocks)).raise_for_status()

    def _running(self) -> tuple[str, httpx.AsyncClient]:
        if self.upstream is None:
            raise RuntimeError("the database's server does not run")
        return self.upstream.url, self.upstream.client

    def _command(self, doors: Doors, keys: Path) -> list[str]:
        sql, admin = doors.listening
        data = str(self.directory / DATA)
        options = ["--http-listen-addr", sql, "--admin-listen-addr", admin]
        options += ["--auth-jwt-key-file", str(keys), "--no-welcome"]
        return [*doors.launcher, str(self.binary), "-d", data, *options]


@dataclass
class Address:
    """The port of a database's name, which a new database of that name takes over, as it does the host name at Turso.

    While there is none it answers 404 about the last one, as Turso's wildcard name does.
    """

    listener: Listener
    database: Database
    server: DatabaseServer | None


class DatabaseServers:
    """All of them: the ``Engine`` of the platform's state."""

    def __init__(self, context: Context, binary: Path = Path("sqld")) -> None:
        self.binary = binary
        self._context = context
        # What the first server finds out of this machine holds for those after it.
        self._own_network = True
        self._servers: dict[str, DatabaseServer] = {}
        self._addresses: dict[str, Address] = {}

    async def start(self, database: Database) -> str:
        """Start its server and open its port; the answer is what stands after ``libsql://``."""
        return await self._start(database)

    async def revive(self, database: Database, data: Path) -> None:
        """Start its server over a copy of this data, at the address that it had."""
        await asyncio.to_thread(shutil.copytree, data, self._directory(database) / DATA)
        await self._start(database, port=int(database.hostname.rpartition(":")[2]))

    async def copy_data(self, database: Database, target: Path) -> None:
        """Copy what it has committed."""
        await self._servers[database.id].copy_data(target)

    async def _start(self, database: Database, port: int = 0) -> str:
        server = DatabaseServer(self.binary, self._directory(database), own_network=self._own_network)
        await server.start(database)
        self._own_network = server.own_network
        self._servers[database.id] = server
        name = database.name
        if name in self._addresses:
            self._addresses[name].database, self._addresses[name].server = database, server
        else:
            proxy = reverse_proxy(lambda: self._upstream(name))
            listener = await self._context.serve(JOURNAL_NAME, proxy, tls=True, port=port)
            self._addresses[name] = Address(listener, database, server)
        return f"127.0.0.1:{self._addresses[name].listener.port}"

    async def rekey(self, database: Database) -> None:
        """Start its server again over the same data: it reads its keys at start only. Open transactions are lost."""
        async with self._held(database) as server:
            if server:
                await server.stop()
                await server.start(database)

    async def block(self, database: Database, *, reads: bool, writes: bool) -> None:
        """Have its server refuse reads or writes."""
        async with self._held(database) as server:
            if server:
                await server.block(reads=reads, writes=writes)

    async def console(self, database: Database, sql: str) -> None:
        """Run one statement in it; raises RuntimeError if it fails."""
        await self._servers[database.id].console(database, sql)

    async def stop(self, database: Database) -> None:
        """End its server and remove its data. The port of its name stays, until so many others are vacant too."""
        server = self._servers.pop(database.id)
        await self._end(server)
        address = self._addresses[database.name]
        # A new database of this name may have taken it over meanwhile.
        if address.server is server:
            address.server = None
            # The one that was left last stands last.
            self._addresses[database.name] = self._addresses.pop(database.name)
        vacant = [name for name, one in self._addresses.items() if one.server is None]
        for name in vacant[:-VACANT_PORTS]:
            await self._addresses.pop(name).listener.close()

    async def forget(self) -> None:
        """Close every port, those of deleted databases too, end every process and remove its data."""
        servers, addresses = list(self._servers.values()), list(self._addresses.values())
        self._servers.clear()
        self._addresses.clear()
        await asyncio.gather(*(self._end(server) for server in servers))
        await asyncio.gather(*(address.listener.close() for address in addresses))

    @staticmethod
    async def _end(server: DatabaseServer) -> None:
        """End a process and remove its data. One that is just being started again would write into what is removed."""
        async with server.lock:
            await server.stop()
            await asyncio.to_thread(shutil.rmtree, server.directory, ignore_errors=True)

    def _directory(self, database: Database) -> Path:
        return self._context.directory / "turso" / database.id

    @contextlib.asynccontextmanager
    async def _held(self, database: Database) -> AsyncIterator[DatabaseServer | None]:
        """Its server, which nobody else stops or starts meanwhile; None if the database was deleted."""
        server = self._servers.get(database.id)
        if server is None:
            yield None
            return
        async with server.lock:
            yield self._servers.get(database.id)

    def _upstream(self, name: str) -> Upstream | Response:
        address = self._addresses[name]
        if address.server is None:
            return JSONResponse({"error": f"Namespace `{address.database.id}` doesn't exist"}, 404)
        if address.database.group.archived:
            return Response("error code: 502", 502)
        return address.server.upstream or unavailable()


async def _answers(child: Child, url: str, database: Database, client: httpx.AsyncClient) -> bool:
    """Whether the process came up and it is the one that listens there: no other one knows this database's key."""
    token = database.key.mint(Authorization.READ_ONLY, 60)
    headers, body = {"Authorization": f"Bearer {token}"}, {"requests": [{"type": "close"}]}
    try:
        await child.wait_ready(f"{url}/health", client)
        answer = await client.post(f"{url}/v2/pipeline", headers=headers, json=body)
    except (RuntimeError, httpx.TransportError):
        return False
    return answer.status_code == 200
