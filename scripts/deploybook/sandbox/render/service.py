"""Render.com as a service of the sandbox."""

from __future__ import annotations

import secrets
from typing import Any

from deploybook.sandbox.core.freezing import Part
from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.render.api import RenderApi
from deploybook.sandbox.render.routes import OPERATIONS
from deploybook.sandbox.render.state import Render
from deploybook.sandbox.render.state.cloud import Cloud
from deploybook.sandbox.render.state.containers import WorkerFactory
from deploybook.sandbox.render.state.deployer import Deployer
from deploybook.sandbox.render.state.identifiers import xid
from deploybook.sandbox.render.state.workers import Owner, new_hook_key


class RenderService(Service):
    """One workspace, one operator's API key. Set ``worker_factory`` to run something real when a deploy goes live."""

    name = "render"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        email = "operator@studio.example"
        api_key = f"rnd_{secrets.token_urlsafe(24).replace('-', 'a').replace('_', 'b')[:28]}"
        self.cloud = Cloud(Owner(xid("tea"), "Studio", email), email, "Studio Operator")
        self.deployer = Deployer(self.cloud, context.faults, context.clock)
        self._render = Render(api_key, self.cloud, self.deployer)
        self._api = RenderApi(self._render, OPERATIONS)

    @property
    def worker_factory(self) -> WorkerFactory:
        """What starts a worker when a deploy goes live; it raises ``WorkerCrashed`` to fail the deploy."""
        return self.deployer.factory

    @worker_factory.setter
    def worker_factory(self, factory: WorkerFactory) -> None:
        self.deployer.factory = factory

    async def start(self) -> None:
        """Open the port."""
        self._render.address = await self.serve(self._api.app())

    def exports(self) -> dict[str, str]:
        """The API's address with its version, and the operator's key."""
        return {"RENDER_API_URL": f"{self._render.address}/v1", "RENDER_API_KEY": self._render.api_key}

    def dashboard_deploy_hook(self, service_id: str) -> str:
        """The secret deploy hook of a service, as its settings page shows it; ``Refusal`` if there is none."""
        return self._render.hook(self.cloud.worker(service_id))

    def dashboard_regenerate_hook(self, service_id: str) -> str:
        """Press "Regenerate Hook": the old address stops working."""
        self.cloud.worker(service_id).hook_key = new_hook_key()
        return self.dashboard_deploy_hook(service_id)

    async def reset(self) -> None:
        """Forget the services; key, workspace and port stay."""
        await self.deployer.close()
        self.cloud.clear()
        self._api.windows.clear()

    def state(self) -> list[Part]:
        """Services with their deploys, and the logs."""
        return [Part(self.cloud)]

    def busy(self) -> str:
        """Deploys that are being made."""
        return "a deploy is being made at Render" if self.deployer.busy else ""

    async def load(self, saved: Any) -> None:  # noqa: ARG002
        """Start the container of every live deploy."""
        await self.deployer.resume_all()

    async def close(self) -> None:
        """Stop the workers and free the port."""
        await self.deployer.close()
        await super().close()
