"""Ties the workspace to its addresses: gRPC for the operator, a socket per container, https for web endpoints."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from grpclib.server import Server

from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.core.serving import Listener
from deploybook.sandbox.modal.blobs import blob_app, blob_path
from deploybook.sandbox.modal.boot import Boot, Container
from deploybook.sandbox.modal.fleet import Fleet
from deploybook.sandbox.modal.forked import ContainerParent
from deploybook.sandbox.modal.ingress import ingress_app
from deploybook.sandbox.modal.launch import R2_DOMAIN
from deploybook.sandbox.modal.responses import workspace_methods
from deploybook.sandbox.modal.responses_apps import log_methods, overview_methods
from deploybook.sandbox.modal.responses_calls import call_methods, container_methods, running_methods
from deploybook.sandbox.modal.responses_deploy import (
    app_lookup_methods,
    app_methods,
    artifact_methods,
    function_methods,
)
from deploybook.sandbox.modal.rpc import Gateway, Method
from deploybook.sandbox.modal.state.apps import App
from deploybook.sandbox.modal.state.calls import Calls
from deploybook.sandbox.modal.state.workspace import Workspace
from deploybook.sandbox.r2.service import ObjectService


class ModalService(Service):
    """A Modal workspace with one operator's token and an environment ``main``."""

    name = "modal"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.workspace = Workspace()
        self.directory = context.directory / "modal"
        self.config_path = self.directory / "modal.toml"
        self._listeners: list[Listener] = []
        self._grpc: Server | None = None
        self._port = 0
        self._parent = ContainerParent()

    async def start(self) -> None:
        """Open the three ports."""
        self.directory.mkdir(mode=0o700)
        self.config_path.touch()
        self._install()
        blobs = await self.context.serve("modal", lambda *it: blob_app(self.workspace)(*it))
        web = await self.context.serve("modal", lambda *it: ingress_app(self.workspace, self.calls)(*it), tls=True)
        self._listeners = [blobs, web]
        self._blob_base, self.workspace.web_base = blobs.url, web.url
        self._gateway = Gateway(self.context, self.workspace, self._methods)
        self._grpc = Server([self._gateway])
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
        await self._stopped(self.workspace.apps.stop(app.object_id))

    async def reset(self) -> None:
        """End every container and forget everything but the token."""
        await self._fleet.close()
        shutil.rmtree(self.directory / "containers", ignore_errors=True)
        self.workspace.clear()
        self._install()
        self._gateway.methods = self._methods
        self._gateway.answered.clear()

    async def close(self) -> None:
        """End the containers and close the ports."""
        await self._fleet.close()
        await self._parent.close()
        if self._grpc:
            self._grpc.close()
            await self._grpc.wait_closed()
        for listener in self._listeners:
            await listener.close()

    def _install(self) -> None:
        """The parts whose state a reset throws away, and the table of methods over them."""
        self.calls = Calls()
        trust = self.context.certificates.exports()
        boot = Boot(self.workspace, self.directory / "containers", self._open_socket, trust, self._hosts, self._parent)
        self._fleet = Fleet(self.workspace, self.calls, boot)
        self._methods: Mapping[str, Method] = {
            **workspace_methods(self.workspace),
            **function_methods(self.workspace),
            **app_methods(self.workspace, self._fleet.retire_outdated, self._stopped),
            **app_lookup_methods(self.workspace),
            **artifact_methods(self.workspace, lambda *it: f"{self._blob_base}{blob_path(*it)}"),
            **call_methods(self.workspace, self.calls),
            **running_methods(self.workspace, self.calls, self._fleet),
            **overview_methods(self.workspace, self._fleet),
            **log_methods(self.workspace),
        }

    async def _stopped(self, app: App) -> None:
        await self._fleet.stop_app(app)

    async def _open_socket(self, container: Container, path: Path) -> Server:
        methods = {**self._methods, **container_methods(self.calls, self._fleet)}
        server = Server([Gateway(self.context, self.workspace, methods, container)])
        await server.start(path=str(path))
        return server

    def _hosts(self) -> dict[str, int]:
        """The names outside that a container can reach, by their port on loopback: the account's R2. Others do not resolve."""
        objects = next((it for it in self.context.services.values() if isinstance(it, ObjectService)), None)
        port = urlsplit(objects.exports().get("R2_ENDPOINT_URL", "")).port if objects else None
        return {f"{objects.account_id}{R2_DOMAIN}": port} if objects and port else {}
