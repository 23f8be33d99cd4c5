"""Ties the workspace to its addresses: gRPC for the operator, a socket per container, https for web endpoints."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from grpclib.server import Server

from deploybook.sandbox.core.freezing import Part
from deploybook.sandbox.core.peers import cutting_strangers
from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.modal.api import Gateway
from deploybook.sandbox.modal.backend.boot import Boot, Container
from deploybook.sandbox.modal.backend.fleet import Fleet
from deploybook.sandbox.modal.backend.forked import ContainerParent
from deploybook.sandbox.modal.backend.launch import R2_DOMAIN
from deploybook.sandbox.modal.routes import ContainerRpcs, OperatorRpcs
from deploybook.sandbox.modal.routes.blobs import blob_app
from deploybook.sandbox.modal.routes.web import web_app
from deploybook.sandbox.modal.state.apps import App, Function
from deploybook.sandbox.modal.state.artifacts import ImageBuilder
from deploybook.sandbox.modal.state.calls import Calls
from deploybook.sandbox.modal.state.workspace import Workspace
from deploybook.sandbox.r2.service import ObjectService

# What an image installs to have a browser.
BROWSER = re.compile(r"\b(chromium|google-chrome|playwright install)\b")


class ModalService(Service):
    """A Modal workspace with one operator's token and an environment ``main``."""

    name = "modal"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.workspace = Workspace()
        self.directory = context.directory / "modal"
        self.config_path = self.directory / "modal.toml"
        self._blob_base = ""
        self._grpc: Server | None = None
        self._port = 0
        self._parent = ContainerParent()
        self._refuses = False
        self._builder: ImageBuilder | None = None
        self._install()

    async def start(self) -> None:
        """Open the three ports."""
        self.directory.mkdir(mode=0o700)
        self.config_path.touch(mode=0o600)
        self._blob_base = await self.serve(lambda *asgi: blob_app(self.workspace)(*asgi))
        self.workspace.web_base = await self.serve(lambda *asgi: web_app(self.workspace, self.calls)(*asgi), tls=True)
        self._gateway = Gateway(self.context, self._operator())
        self._grpc = Server([self._gateway])
        make = self._grpc._protocol_factory
        self._grpc._protocol_factory = lambda: cutting_strangers(make())
        await self._grpc.start("127.0.0.1", 0)
        self._port = self._grpc._server.sockets[0].getsockname()[1]

    def exports(self) -> dict[str, str]:
        """The SDK's and the CLI's variables; the empty configuration file keeps them from reading ``~/.modal.toml``."""
        return {
            "MODAL_SERVER_URL": f"http://127.0.0.1:{self._port}",
            "MODAL_TOKEN_ID": self.workspace.token_id,
            "MODAL_TOKEN_SECRET": self.workspace.token_secret,
            "MODAL_CONFIG_PATH": str(self.config_path),
        }

    async def stop(self, app: App) -> None:
        """Press *Stop app* in the dashboard: its containers end, and its endpoints answer no more."""
        await self._fleet.stop_app(self.workspace.apps.stop(app.object_id))

    def refuse_what_is_not_here(self) -> None:
        """From now on a function that asks for a GPU or a browser ends at once, and says why."""
        self._refuses = True
        self._fleet.not_here = self._not_here

    def build_images_by(self, builder: ImageBuilder) -> None:
        """From now on build the layers of images, in place of taking them for built."""
        self._builder = builder
        self.workspace.artifacts.builder = builder

    def _not_here(self, function: Function) -> str:
        definition = function.definition
        gpu = definition.resources.gpu_config
        if gpu.count or gpu.gpu_type:
            return f"{function.name} asks for a GPU ({gpu.gpu_type or gpu.count})"
        lines = self.workspace.artifacts.image_lines(definition.image_id) if definition.image_id else []
        browser = next((match[0] for line in lines if (match := BROWSER.search(line))), "")
        return f"{function.name} needs {browser}, which its image installs" if browser else ""

    async def reset(self) -> None:
        """End every container and forget everything but the token."""
        await self._fleet.close()
        shutil.rmtree(self.directory / "containers", ignore_errors=True)
        self.workspace.clear()
        self._install()
        self._gateway.install(self._operator())

    def state(self) -> list[Part]:
        """Apps, secrets, uploads and calls. Containers are no state: they start when they are needed."""
        return [Part(self.workspace), Part(self.calls, but=("queued",))]

    def busy(self) -> str:
        """Calls that have not ended."""
        waiting = sum(call.unfinished() for call in self.calls.by_id.values())
        return f"{waiting} inputs of Modal's functions have no output yet" if waiting else ""

    async def vacate(self) -> None:
        """End every container."""
        await self._fleet.close()
        shutil.rmtree(self.directory / "containers", ignore_errors=True)

    async def close(self) -> None:
        """End the containers and close the ports."""
        await self._fleet.close()
        await self._parent.close()
        if self._grpc:
            self._grpc.close()
            await self._grpc.wait_closed()
        await super().close()

    def _install(self) -> None:
        """The parts whose state a reset throws away."""
        self.calls = Calls()
        trust = self.context.certificates.exports()
        boot = Boot(self.workspace, self.directory / "containers", self._open_socket, trust, self._hosts, self._parent)
        self._fleet = Fleet(self.workspace, self.calls, boot)
        self.workspace.artifacts.builder = self._builder
        if self._refuses:
            self._fleet.not_here = self._not_here

    def _operator(self) -> OperatorRpcs:
        return OperatorRpcs(self.workspace, self.calls, self._fleet, self._blob_base)

    async def _open_socket(self, container: Container, path: Path) -> Server:
        """Serve a container's own gRPC address, for this user's processes only."""
        rpcs = ContainerRpcs(self.workspace, self.calls, self._fleet, self._blob_base, container)
        server = Server([Gateway(self.context, rpcs)])
        await server.start(path=str(path))
        path.chmod(0o600)
        return server

    def _hosts(self) -> dict[str, int]:
        """The names outside that a container can reach, by their port on loopback: the account's R2. Others do not resolve."""
        objects = next(
            (service for service in self.context.services.values() if isinstance(service, ObjectService)), None
        )
        port = urlsplit(objects.exports().get("R2_ENDPOINT_URL", "")).port if objects else None
        return {f"{objects.account_id}{R2_DOMAIN}": port} if objects and port else {}
