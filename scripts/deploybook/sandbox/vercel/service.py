"""Vercel's API on a port of the sandbox, and the sites of what is deployed there."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deploybook.sandbox.core.freezing import Part
from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.vercel.api import VercelApi
from deploybook.sandbox.vercel.backend.edge import WebFactory
from deploybook.sandbox.vercel.backend.platform import OnProduction, Platform
from deploybook.sandbox.vercel.routes import OPERATIONS
from deploybook.sandbox.vercel.state.projects import Project


class VercelService(Service):
    """The REST API over http; each project's production domain and each deployment's URL over https."""

    name = "vercel"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.platform = Platform(context)
        self._api = VercelApi(self.platform, OPERATIONS)
        self._url = ""

    @property
    def web_factory(self) -> WebFactory | None:
        """Makes a deployment's web app from exactly the variables that it sees; None serves static files."""
        return self.platform.edge.web_factory

    @web_factory.setter
    def web_factory(self, factory: WebFactory | None) -> None:
        self.platform.edge.web_factory = factory

    def on_production(self, callback: OnProduction) -> None:
        """Await ``callback(project, deployment, variables)`` before a deployment takes the production domain."""
        self.platform.on_production.append(callback)

    def use_up_free_deployments(self) -> None:
        """Put the team on the plan Hobby, with today's deployments made: the next one is answered with 402."""
        accounts = self.platform.accounts
        accounts.plan = "hobby"
        self._api.exhaust("deployments-free-per-day", accounts.team.id)

    def production_url(self, project: Project) -> str:
        """The https address of a project's production domain."""
        return f"https://{project.domain}"

    async def start(self) -> None:
        """Open the API's port."""
        self._url = await self.serve(self._api.app())

    def exports(self) -> dict[str, str]:
        """The API's address, the operator's token and the team for which to call."""
        accounts = self.platform.accounts
        return {
            "VERCEL_API_URL": self._url,
            "VERCEL_TOKEN": accounts.operator.value,
            "VERCEL_TEAM_ID": accounts.team.id,
        }

    async def reset(self) -> None:
        """Forget every resource; token, team, factory and callbacks stay."""
        await self.platform.reset()
        self._api.windows.clear()

    def state(self) -> list[Part]:
        """Accounts, projects, deployments and their names."""
        return [Part(self.platform, but=("edge", "builder", "on_production"))]

    def busy(self) -> str:
        """Deployments that are being built."""
        return "a deployment is being built at Vercel" if self.platform.builder.busy else ""

    def ports(self) -> list[int]:
        """Of each project and each deployment."""
        return self.platform.edge.ports()

    async def save(self, directory: Path) -> tuple[list[int], list[str]]:  # noqa: ARG002
        """The addresses, and the deployments that answer."""
        return self.ports(), list(self.platform.edge.sites)

    async def load(self, saved: tuple[list[int], list[str]]) -> None:
        """Open the addresses, and make the app of each deployment."""
        ports, sites = saved
        await asyncio.gather(*(self.platform.edge.open(port) for port in ports))
        for deployment_id in sites:
            self.platform.edge.mount(self.platform.deployments[deployment_id])

    async def close(self) -> None:
        """End builds and free the ports."""
        await self.platform.reset()
        await super().close()
