"""Render.com as a service of the sandbox."""

from __future__ import annotations

import secrets

from starlette.types import Receive, Scope, Send

from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.core.serving import Listener
from deploybook.sandbox.render.dashboard import Dashboard
from deploybook.sandbox.render.deployer import Deployer
from deploybook.sandbox.render.identifiers import xid
from deploybook.sandbox.render.models import Cloud, Owner, new_hook_key
from deploybook.sandbox.render.requests import Gate
from deploybook.sandbox.render.responses import render_app
from deploybook.sandbox.render.worker import WorkerFactory


class RenderService(Service):
    """One workspace, one operator's API key. Set ``worker_factory`` to run something real when a deploy goes live."""

    name = "render"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        email = "operator@studio.example"
        self.api_key = f"rnd_{secrets.token_urlsafe(24).replace('-', 'a').replace('_', 'b')[:28]}"
        self.cloud = Cloud(Owner(xid("tea"), "Studio", email), email, "Studio Operator")
        self.deployer = Deployer(self.cloud, context.faults)
        self.gate = Gate(self.api_key)
        self._listener: Listener | None = None
        self._dashboard: Dashboard | None = None

    @property
    def worker_factory(self) -> WorkerFactory:
        """What starts a worker when a deploy goes live; it raises ``worker.WorkerCrashed`` to fail the deploy."""
        return self.deployer.factory

    @worker_factory.setter
    def worker_factory(self, factory: WorkerFactory) -> None:
        self.deployer.factory = factory

    async def start(self) -> None:
        """Open the port. The app is made once its address is known, because it shows that address."""

        async def late(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)

        self._listener = await self.context.serve(self.name, late)
        self._dashboard = Dashboard(self.cloud, self.deployer, self.gate, self._listener.url)
        app = render_app(self.cloud, self.deployer, self.gate, self._dashboard)

    def exports(self) -> dict[str, str]:
        """The API's address with its version, and the operator's key."""
        if not self._listener:
            return {}
        return {"RENDER_API_URL": f"{self._listener.url}/v1", "RENDER_API_KEY": self.api_key}

    def dashboard_deploy_hook(self, service_id: str) -> str:
        """The secret deploy hook of a service, as its settings page shows it; ``Refusal`` if there is none."""
        if not self._dashboard:
            raise RuntimeError("start the service first")
        return self._dashboard.hook(self.cloud.worker(service_id))

    def dashboard_regenerate_hook(self, service_id: str) -> str:
        """Press "Regenerate Hook": the old address stops working."""
        self.cloud.worker(service_id).hook_key = new_hook_key()
        return self.dashboard_deploy_hook(service_id)

    async def reset(self) -> None:
        """Forget the services; key, workspace and port stay."""
        await self.deployer.close()
        self.cloud.workers.clear()
        self.cloud.joined.clear()
        self.cloud.has_payment_method = True
        self.cloud.logs.lines.clear()
        self.gate.windows.clear()

    async def close(self) -> None:
        """Stop the workers and free the port."""
        await self.deployer.close()
        if self._listener:
            await self._listener.close()
