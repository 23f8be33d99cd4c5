"""Starts the process of one container: its own gRPC address, its files, its environment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_proto import api_pb2

from deploybook.sandbox.modal.backend import launch
from deploybook.sandbox.modal.backend.forked import ContainerParent, ForkedContainer
from deploybook.sandbox.modal.backend.launch import StartFailure

if TYPE_CHECKING:
    from deploybook.sandbox.modal.state.apps import App, Function
    from deploybook.sandbox.modal.state.calls import Input
    from deploybook.sandbox.modal.state.workspace import Workspace

__all__ = ["Boot", "Container", "StartFailure"]


@dataclass
class Container:
    """One process. ``waiter`` is set while it asks for an input and there is none."""

    object_id: str
    function: Function
    app: App
    enqueued_at: float
    started_at: float = 0.0
    child: ForkedContainer | None = None
    server: Any = None
    socket: Path | None = None
    ready: bool = False
    retired: bool = False
    ended: bool = False
    running: dict[str, Input] = field(default_factory=dict)
    waiter: asyncio.Future[Input | None] | None = None
    failure: api_pb2.GenericResult | None = None


@dataclass
class Boot:
    """``open_socket`` serves a container's own gRPC address; ``trust`` are the variables of the sandbox's authority."""

    workspace: Workspace
    directory: Path
    open_socket: Callable[[Container, Path], Awaitable[Any]]
    trust: dict[str, str]
    hosts: Callable[[], dict[str, int]]
    parent: ContainerParent

    async def __call__(self, container: Container, note: Callable[[str], None]) -> ForkedContainer:
        """Start the container's process."""
        definition = container.function.definition
        place = self.directory / container.object_id
        root = place / "root"
        root.mkdir(parents=True, mode=0o700)
        launch.lay_out_files(self.workspace, definition, place)
        values = launch.secret_values(self.workspace, definition)
        hosts = self.hosts()
        mounts, notes = launch.bucket_mounts(self.workspace, definition, hosts)
        for text in notes:
            note(text)
        arguments, specification = place / "arguments", place / "specification"
        # A socket's path may have 104 characters on some systems, and a temporary directory's takes most of them.
        container.socket = socket = self.directory.parent / container.object_id[-8:]
        launch.write_arguments(self.workspace, container.function, container.object_id, arguments)
        variables = self.workspace.artifacts.image_variables(definition.image_id) if definition.image_id else {}
        fastapi = "fastapi" in " ".join(self.workspace.artifacts.image_lines(definition.image_id))
        launch.write_specification(specification, root=str(root), fastapi=fastapi, mounts=mounts, hosts=hosts)
        container.server = await self.open_socket(container, socket)
        provided = launch.provided_by_modal(
            container.function, container.app.environment, container.object_id, socket, arguments
        )
        container.started_at = time.time()
        container.child = child = await self.parent.fork(
            container.object_id,
            specification,
            directory=root,
            log=place / "log",
            env={**variables, **values, **self.trust, **provided},
        )
        if container.retired:
            await child.stop()
        return child
