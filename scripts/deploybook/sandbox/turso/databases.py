"""The servers behind the databases: one ``sqld`` process each, reached through a TLS port of its own."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from pathlib import Path

import httpx

from deploybook.sandbox.core.processes import Child
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.core.serving import Listener, free_port
from deploybook.sandbox.turso.models import Database
from deploybook.sandbox.turso.proxy import reverse_proxy
from deploybook.sandbox.turso.tokens import Authorization

# Requests to databases are journalled, and faults are injected into them, under this name.
JOURNAL_NAME = "turso-sql"
_ATTEMPTS = 5


class DatabaseServer:
    """The process and the port of one database."""

    def __init__(self, binary: Path, directory: Path) -> None:
        self.binary = binary
        self.directory = directory
        self.url: str | None = None
        self._admin, self._admin_key = "", secrets.token_hex(16)
        self._blocks = {"block_reads": False, "block_writes": False}
        self.listener: Listener | None = None
        # A rotation, another one and a deletion may come at once.
        self.lock = asyncio.Lock()
        self._child: Child | None = None

    async def start(self, database: Database, client: httpx.AsyncClient) -> None:
        """Start the process over the data directory, with the database's present keys."""
        self.directory.mkdir(parents=True, exist_ok=True)
        keys, log = self.directory / "keys.pem", self.directory / "sqld.log"
        keys.write_text(database.public_keys())
        environ = {"RUST_LOG": "warn", "LIBSQL_ADMIN_AUTH_KEY": self._admin_key}
        for _ in range(_ATTEMPTS):
            # sqld cannot be given port 0, so another process may take the port first: then a stranger answers there.
            url, self._admin = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
            child = await Child.start(self._command(url, keys), directory=self.directory, log=log, env=environ)
            if await _answers(child, url, database, client):
                if any(self._blocks.values()):
                    await self._configure(client)
                self._child, self.url = child, url
                return
            await child.stop()
        raise RuntimeError(f"sqld did not start; last output:\n{log.read_text(errors='replace')[-2000:]}")

    async def block(self, client: httpx.AsyncClient, *, reads: bool, writes: bool) -> None:
        """Tell the process what to refuse, now and whenever it starts: killed, it forgets what it was told last."""
        self._blocks = {"block_reads": reads, "block_writes": writes}
        await self._configure(client)

    async def _configure(self, client: httpx.AsyncClient) -> None:
        """Change the configuration of the only namespace (libsql-server ``src/http/admin``)."""
        url, headers = f"{self._admin}/v1/namespaces/default/config", {"Authorization": f"basic {self._admin_key}"}
        configuration = (await client.get(url, headers=headers)).raise_for_status().json()
        (await client.post(url, headers=headers, json=configuration | self._blocks)).raise_for_status()

    async def stop(self) -> None:
        """End the process; what it committed is on disk."""
        self.url = None
        if self._child:
            await self._child.stop()

    def _command(self, url: str, keys: Path) -> list[str]:
        address = url.removeprefix("http://")
        data = str(self.directory / "data")
        options = ["--http-listen-addr", address, "--auth-jwt-key-file", str(keys), "--no-welcome"]
        options += ["--admin-listen-addr", self._admin.removeprefix("http://")]
        return [str(self.binary), "-d", data, *options]


class DatabaseServers:
    """All of them: the ``Engine`` of the platform's state."""

    def __init__(self, context: Context, binary: Path) -> None:
        self._context = context
        self._binary = binary
        # It waits longer than sqld lets a transaction hold up others (5 s), and as many requests as clients send pass.
        self._client = httpx.AsyncClient(timeout=60, trust_env=False, limits=httpx.Limits(max_connections=None))
        self._servers: dict[str, DatabaseServer] = {}

    async def start(self, database: Database) -> str:
        """Start its server and open its port; the answer is what stands after ``libsql://``."""
        server = DatabaseServer(self._binary, self._context.directory / "turso" / database.id)
        await server.start(database, self._client)
        proxy = reverse_proxy(self._client, lambda: server.url, database.id)
        server.listener = await self._context.serve(JOURNAL_NAME, proxy, tls=True)
        self._servers[database.id] = server
        return f"127.0.0.1:{server.listener.port}"

    async def rekey(self, database: Database) -> None:
        """Start its server again over the same data: it reads its keys at start only. Open transactions are lost."""
        server = self._servers[database.id]
        async with server.lock:
            await server.stop()
            await server.start(database, self._client)

    async def block(self, database: Database, *, reads: bool, writes: bool) -> None:
        """Have its server refuse reads or writes."""
        server = self._servers[database.id]
        async with server.lock:
            await server.block(self._client, reads=reads, writes=writes)

    async def console(self, database: Database, sql: str) -> None:
        """Run one statement with a token of the platform's own; raises RuntimeError if it fails."""
        token = database.key.mint(Authorization.FULL_ACCESS, 60)
        body = {"requests": [{"type": "execute", "stmt": {"sql": sql}}, {"type": "close"}]}
        answer = await self._client.post(
            f"{self._servers[database.id].url}/v2/pipeline", headers={"Authorization": f"Bearer {token}"}, json=body
        )
        if answer.status_code != 200 or answer.json()["results"][0]["type"] != "ok":
            raise RuntimeError(answer.text)

    async def stop(self, database: Database) -> None:
        """End its server and remove its data. The port stays and answers 404, as the vendor's name would."""
        server = self._servers[database.id]
        async with server.lock:
            await server.stop()
            await asyncio.to_thread(shutil.rmtree, server.directory, ignore_errors=True)

    async def forget(self) -> None:
        """Close every port, those of deleted databases too, and end every process."""
        servers = list(self._servers.values())
        self._servers.clear()
        await asyncio.gather(*(server.stop() for server in servers))
        await asyncio.gather(*(server.listener.close() for server in servers if server.listener))

    async def close(self) -> None:
        """End everything for good."""
        await self.forget()
        await self._client.aclose()


async def _answers(child: Child, url: str, database: Database, client: httpx.AsyncClient) -> bool:
    """Whether the process came up and it is the one that listens there: no other one knows this database's key."""
    try:
        await child.wait_ready(f"{url}/health")
    except RuntimeError:
        return False
    token = database.key.mint(Authorization.READ_ONLY, 60)
    answer = await client.post(
        f"{url}/v2/pipeline", headers={"Authorization": f"Bearer {token}"}, json={"requests": [{"type": "close"}]}
    )
    return answer.status_code == 200
