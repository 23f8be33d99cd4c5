"""Plugs the application into the clouds that run it: its web app into Vercel's edge, its worker into Render's containers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.types import ASGIApp

from deploybook.sample_app.background import Background
from deploybook.sample_app.defects import Defect
from deploybook.sample_app.network import Network
from deploybook.sample_app.problems import StudioError
from deploybook.sample_app.web.app import web_app
from deploybook.sample_app.worker.process import GRACE_SECONDS, Worker
from deploybook.sandbox.core.freezing import Part
from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.r2.service import ObjectService
from deploybook.sandbox.render.service import RenderService
from deploybook.sandbox.render.state.containers import Log, WorkerCrashed
from deploybook.sandbox.vercel.service import VercelService

# Render waits between two starts of a process that ends of itself.
RESTART_SECONDS = 2.0


class StudioService(Service):
    """Has no port of its own. What a web app or a worker gets of the sandbox is the network; all else is in its variables."""

    name = "studio"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._network = Network(context.certificates.authority_path)
        self._background = Background()
        self._containers: set[_Container] = set()
        # The defects of the newest release: what is deployed from now on has them.
        self.defects: set[Defect] = set()

    async def start(self) -> None:
        """Take the place of what Vercel and Render would run otherwise, where they are there."""
        for service in self.context.services.values():
            if isinstance(service, ObjectService):
                self._network.place_r2(service.exports()["R2_ENDPOINT_URL"])
            elif isinstance(service, VercelService):
                service.web_factory = self._web
            elif isinstance(service, RenderService):
                service.worker_factory = self._worker

    def exports(self) -> dict[str, str]:
        """Nothing: the application is found at its production domain."""
        return {}

    async def reset(self) -> None:
        """Kill the workers and cut every connection; web apps go with their deployments."""
        self.defects.clear()
        await self._background.stop()
        # Each takes itself out of the set.
        for container in list(self._containers):
            await container.stop(grace=0)
        await self._network.reset()

    def state(self) -> list[Part]:
        """Nothing of its own: what it stores is at the providers."""
        return []

    def busy(self) -> str:
        """What a request left to be done, and defects: which deployment has which is known to the running ones alone."""
        if self.defects:
            return "a release with a defect is deployed"
        return "the web app goes on with what a request began" if self._background.busy else ""

    async def close(self) -> None:
        """The same, for good."""
        await self.reset()

    def _web(self, variables: dict[str, str]) -> ASGIApp:
        return web_app(variables, self._network, self._background, frozenset(self.defects))

    async def _worker(self, service_id: str, variables: Mapping[str, str], log: Log) -> _Container:  # noqa: ARG002
        defects = frozenset(self.defects)

        def begin() -> Worker:
            worker = Worker(dict(variables), self._network, log, defects)
            worker.start()
            return worker

        try:
            container = _Container(begin, log, self._containers.discard)
        except StudioError as error:
            log(f"[Worker] Fatal startup error: LibsqlError: {error}")
            raise WorkerCrashed("exited with status 1") from None
        self._containers.add(container)
        return container


class _Container:
    """A running worker, as Render holds it: a process that ends of itself is started again."""

    def __init__(self, begin: Callable[[], Worker], log: Log, on_stop: Callable[[_Container], None]) -> None:
        self._begin = begin
        self._log = log
        self._on_stop = on_stop
        self._worker = begin()
        self._watch = asyncio.create_task(self._keep_up())

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """SIGTERM, and wait."""
        self._watch.cancel()
        await self._worker.stop(grace)
        self._on_stop(self)

    async def _keep_up(self) -> None:
        while True:
            await self._worker.crashed.wait()
            self._log("==> Exited with status 1")
            await asyncio.sleep(RESTART_SECONDS)
            self._worker = self._begin()
