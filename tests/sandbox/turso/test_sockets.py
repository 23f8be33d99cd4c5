"""What the databases' ports cost and whom they serve: counted in a sandbox inside the test's own process."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import ssl
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from tests.sandbox.processes import listeners
from tests.sandbox.turso.conftest import processes
from tests.waiting import PATIENCE_SECONDS

from deploybook.sandbox.core.certificates import Certificates
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.turso.backend import sqld
from deploybook.sandbox.turso.backend.doors import sockets
from deploybook.sandbox.turso.backend.servers import VACANT_PORTS, DatabaseServer, DatabaseServers
from deploybook.sandbox.turso.state.keys import Authorization
from deploybook.sandbox.turso.state.platform import Database, Group

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has network namespaces")
GROUP = Group("default", "aws-us-east-1")
Query = Callable[[str, str], Awaitable[httpx.Response]]
SLOW = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000) SELECT count(*) FROM n"


def with_servers(directory: Path, use: Callable[[DatabaseServers, Query], Awaitable[None]]) -> None:
    """Run ``use`` with the servers and with a query of one database: its host name, a token."""

    async def run() -> None:
        certificates = Certificates(directory)
        servers = DatabaseServers(Context(directory, certificates), sqld.obtain())
        trusted = ssl.create_default_context(cafile=certificates.authority_path)

        async def query(hostname: str, token: str) -> httpx.Response:
            body = {"requests": [{"type": "execute", "stmt": {"sql": "SELECT 1"}}, {"type": "close"}]}
            async with httpx.AsyncClient(verify=trusted, trust_env=False) as client:
                headers = {"Authorization": f"Bearer {token}"}
                return await client.post(f"https://{hostname}/v3/pipeline", headers=headers, json=body)

        try:
            await use(servers, query)
        finally:
            await servers.forget()

    asyncio.run(run())


def descriptors() -> int:
    """How many files and sockets this process has open."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


async def ask_and_leave(authority: Path, hostname: str, token: str) -> None:
    """Send a query that takes long, and cut the connection before its answer."""
    host, _, port = hostname.partition(":")
    trusted = ssl.create_default_context(cafile=authority)
    _, writer = await asyncio.open_connection(host, int(port), ssl=trusted)
    body = json.dumps({"requests": [{"type": "execute", "stmt": {"sql": SLOW}}, {"type": "close"}]})
    head = f"POST /v3/pipeline HTTP/1.1\r\nHost: {hostname}\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\n\r\n{body}".encode())
    await writer.drain()
    writer.transport.abort()


async def used_and_deleted(servers: DatabaseServers, query: Query, name: str) -> str:
    """A database that was made, asked and deleted; its host name."""
    database = Database(name, GROUP)
    hostname = await servers.start(database)
    answer = await query(hostname, database.key.mint(Authorization.FULL_ACCESS, 60))
    assert answer.status_code == 200
    await servers.stop(database)
    return hostname


def test_a_database_made_and_deleted_again_and_again_keeps_one_port_and_no_socket(tmp_path: Path) -> None:
    async def use(servers: DatabaseServers, query: Query) -> None:
        first = await used_and_deleted(servers, query, "jobs")
        before = descriptors()
        for _ in range(5):
            assert await used_and_deleted(servers, query, "jobs") == first
        assert descriptors() == before

    with_servers(tmp_path, use)


def test_ports_of_deleted_databases_are_closed_when_too_many_are_vacant(tmp_path: Path) -> None:
    async def use(servers: DatabaseServers, query: Query) -> None:
        first, *others = [await used_and_deleted(servers, query, f"scratch-{number}") for number in range(VACANT_PORTS)]
        before = descriptors()
        await used_and_deleted(servers, query, "one-too-many")
        assert descriptors() == before
        with pytest.raises(httpx.ConnectError):
            await query(first, "none")
        assert [(await query(hostname, "none")).status_code for hostname in others] == [404] * (VACANT_PORTS - 1)

    with_servers(tmp_path, use)


def test_callers_who_went_away_leave_no_socket_once_the_database_is_deleted(tmp_path: Path) -> None:
    async def use(servers: DatabaseServers, query: Query) -> None:
        await used_and_deleted(servers, query, "jobs")
        before = descriptors()
        database = Database("jobs", GROUP)
        hostname = await servers.start(database)
        token = database.key.mint(Authorization.FULL_ACCESS, 60)
        for _ in range(3):
            await ask_and_leave(tmp_path / "ca.pem", hostname, token)
        await servers.stop(database)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while descriptors() > before:
                await asyncio.sleep(0.01)

    with_servers(tmp_path, use)


def test_a_database_being_deleted_while_it_is_rotated_stays_deleted(tmp_path: Path) -> None:
    async def use(servers: DatabaseServers, query: Query) -> None:
        database = Database("jobs", GROUP)
        hostname = await servers.start(database)
        await asyncio.gather(servers.rekey(database), servers.rekey(database), servers.stop(database))
        assert (await query(hostname, "none")).status_code == 404

    with_servers(tmp_path, use)


def test_a_database_made_while_its_namesake_is_being_deleted_keeps_the_name(tmp_path: Path) -> None:
    async def use(servers: DatabaseServers, query: Query) -> None:
        old, new = Database("jobs", GROUP), Database("jobs", GROUP)
        await servers.start(old)
        hostname = await servers.start(new)
        await servers.stop(old)
        answer = await query(hostname, new.key.mint(Authorization.FULL_ACCESS, 60))
        assert answer.status_code == 200

    with_servers(tmp_path, use)


@on_linux
def test_a_databases_server_opens_no_port_on_this_machine(tmp_path: Path) -> None:
    async def use(servers: DatabaseServers, query: Query) -> None:
        hostname = await servers.start(Database("jobs", GROUP))
        assert {f"{host}:{port}" for host, port in listeners(os.getpid())} - before == {hostname}

    before = {f"{host}:{port}" for host, port in listeners(os.getpid())}
    with_servers(tmp_path, use)


@on_linux
def test_the_sockets_of_a_databases_server_are_this_users_and_go_with_it(tmp_path: Path) -> None:
    async def use(servers: DatabaseServers, query: Query) -> None:
        database = Database("jobs", GROUP)
        await servers.start(database)
        paths = sockets(tmp_path / "turso" / database.id)
        assert [stat.S_IMODE(path.stat().st_mode) & 0o077 for path in paths] == [0, 0]
        await servers.stop(database)
        assert [path for path in paths if path.exists()] == []

    with_servers(tmp_path, use)


# Starts a server, and prints where it is.
START = """
import asyncio, pathlib, sys
from deploybook.sandbox.turso.backend import sqld
from deploybook.sandbox.turso.backend.servers import DatabaseServer
from deploybook.sandbox.turso.state.platform import Database, Group
async def start():
    server = DatabaseServer(sqld.obtain(), pathlib.Path(sys.argv[1]))
    await server.start(Database("jobs", Group("default", "aws-us-east-1")))
    print(server.upstream.url)
    await server.stop()
asyncio.run(start())
"""


@on_linux
@pytest.mark.skipif(
    shutil.which("unshare") is None, reason="unshare, of util-linux, makes a machine without namespaces"
)
def test_where_no_network_of_its_own_is_to_be_had_a_server_is_on_loopback(tmp_path: Path) -> None:
    without = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    command = [
        "unshare",
        "--map-root-user",
        "sh",
        "-c",
        without,
        "sh",
        sys.executable,
        "-c",
        START,
        str(tmp_path / "jobs"),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stdout.startswith("http://127.0.0.1:"), run.stderr


def test_a_server_on_loopback_opens_nothing_without_a_token(tmp_path: Path) -> None:
    reads = [("GET", path) for path in ("/", "/dump", "/beta/listen", "/v1/jobs")]
    pipelines = ("/", "/v1/execute", "/v1/batch", "/v2/pipeline", "/v3/pipeline", "/v3/cursor", "/v3-protobuf/pipeline")
    requests = reads + [("POST", path) for path in pipelines]
    assert on_loopback(tmp_path, "http", requests) <= {401, 404}


def test_the_administration_of_a_server_on_loopback_opens_nothing_without_its_key(tmp_path: Path) -> None:
    paths = ("/", "/metrics", "/v1/diagnostics", "/v1/namespaces/default/config", "/v1/namespaces/other/create")
    assert on_loopback(tmp_path, "admin", [(method, path) for path in paths for method in ("GET", "POST")]) == {401}


def on_loopback(directory: Path, option: str, requests: list[tuple[str, str]]) -> set[int]:
    """The statuses of requests without credentials to one port of a server that has no network of its own."""
    body = {"requests": [], "stmt": {"sql": "SELECT 1"}, "batch": {"steps": []}}
    # The server refuses without reading a body, and then cuts the connection: one that is kept would be cut over the next request.
    closing = {"Connection": "close"}

    async def run() -> set[int]:
        server = DatabaseServer(sqld.obtain(), directory / "jobs", own_network=False)
        await server.start(Database("jobs", GROUP))
        (line,) = processes(str(directory))
        (address,) = re.findall(rf"--{option}-listen-addr (\S+)", line)
        try:
            async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False, headers=closing) as client:
                return {(await client.request(method, path, json=body)).status_code for method, path in requests}
        finally:
            await server.stop()

    return asyncio.run(run())
