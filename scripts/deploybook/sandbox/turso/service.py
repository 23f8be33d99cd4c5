"""Turso on loopback: the platform API on one port, and a TLS port for each database."""

from __future__ import annotations

import asyncio

from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.core.serving import Listener
from deploybook.sandbox.turso import sqld
from deploybook.sandbox.turso.databases import DatabaseServers
from deploybook.sandbox.turso.models import Database, Platform
from deploybook.sandbox.turso.responses import platform_app


class TursoService(Service):
    """The platform API (journalled as ``turso``) and the databases (``turso-sql``)."""

    name = "turso"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._databases: DatabaseServers | None = None
        self._platform: Platform | None = None
        self._listener: Listener | None = None

    async def start(self) -> None:
        """Check the libSQL binary, then open the platform API; databases start as they are created."""
        self._databases = DatabaseServers(self.context, await asyncio.to_thread(sqld.obtain))
        self._platform = Platform(self._databases)
        self._listener = await self.context.serve(self.name, platform_app(self._platform))

    @property
    def platform(self) -> Platform:
        """The state, for services of the sandbox that look into it."""
        if self._platform is None:
            raise RuntimeError("the service has not started")
        return self._platform

    async def console(self, database: Database, sql: str) -> None:
        """Run a statement as Turso's web console does; raises RuntimeError if it fails."""
        if self._databases is None:
            raise RuntimeError("the service has not started")
        await self._databases.console(database, sql)

    def exports(self) -> dict[str, str]:
        """The endpoint, without a trailing slash, and the operator's token, restricted to the organization."""
        if self._listener is None:
            raise RuntimeError("the service has not started")
        return {
            "TURSO_API_URL": self._listener.url,
            "TURSO_API_TOKEN": self.platform.operator_secret,
            "TURSO_ORGANIZATION": self.platform.organization,
        }

    async def reset(self) -> None:
        """A new organization again; every database's port is closed."""
        await self.platform.reset()
        if self._databases:
            await self._databases.forget()

    async def close(self) -> None:
        """Close the API, the databases' ports and their processes."""
        if self._listener:
            await self._listener.close()
        if self._databases:
            await self._databases.forget()
