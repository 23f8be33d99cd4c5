"""Turso on loopback: the platform API on one port, and a TLS port for the name of each database."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deploybook.sandbox.core.freezing import Part
from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.turso.api import TursoApi
from deploybook.sandbox.turso.backend import sqld
from deploybook.sandbox.turso.backend.servers import DatabaseServers
from deploybook.sandbox.turso.routes import OPERATIONS
from deploybook.sandbox.turso.state.platform import Database, Platform


class TursoService(Service):
    """The platform API (journalled as ``turso``) and the databases (``turso-sql``)."""

    name = "turso"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._servers = DatabaseServers(context)
        self.platform = Platform(self._servers)
        self._url = ""

    async def start(self) -> None:
        """Check the libSQL binary, then open the platform API; databases start as they are created."""
        self._servers.binary = await asyncio.to_thread(self._binary)
        self._url = await self.serve(TursoApi(self.platform, OPERATIONS).app())

    def _binary(self) -> Path:
        try:
            return sqld.obtain()
        except OSError:
            # A home folder that cannot be written has no cache: this sandbox unpacks its own.
            return sqld.obtain(self.context.directory / "cache")

    async def console(self, database: Database, sql: str) -> None:
        """Run a statement as Turso's web console does; raises RuntimeError if it fails."""
        await self._servers.console(database, sql)

    def exports(self) -> dict[str, str]:
        """The endpoint, without a trailing slash, and the operator's token, restricted to the organization."""
        return {
            "TURSO_API_URL": self._url,
            "TURSO_API_TOKEN": self.platform.operator_secret,
            "TURSO_ORGANIZATION": self.platform.organization,
        }

    async def reset(self) -> None:
        """A new organization again; every database's port is closed."""
        await self.platform.reset()
        await self._servers.forget()

    def state(self) -> list[Part]:
        """Groups, databases and tokens; the content of the databases is their servers'."""
        return [Part(self.platform, but=("engine",))]

    def ports(self) -> list[int]:
        """Of each database that exists."""
        return [int(database.hostname.rpartition(":")[2]) for database in self.platform.databases()]

    async def save(self, directory: Path) -> Path:
        """Copy the data of every database."""
        for database in self.platform.databases():
            await self._servers.copy_data(database, directory / database.id)
        return directory

    async def vacate(self) -> None:
        """End every server, and remove its data."""
        await self._servers.forget()

    async def load(self, saved: Path) -> None:
        """Start every database's server over the data that it had, at the address that it had."""
        await asyncio.gather(
            *(self._servers.revive(database, saved / database.id) for database in self.platform.databases())
        )
        await self.platform.apply_blocks()

    async def close(self) -> None:
        """Close the API, the databases' ports and their processes."""
        await super().close()
        await self._servers.forget()
