"""Plugs the application into the clouds that run it: its web app into Vercel's edge, its worker into Render's containers."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp

from deploybook.sample_app.network import Network
from deploybook.sample_app.problems import StudioError
from deploybook.sample_app.web.app import web_app
from deploybook.sample_app.worker.process import Worker
from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.r2.service import ObjectService
from deploybook.sandbox.render.service import RenderService
from deploybook.sandbox.render.state.containers import Log, WorkerCrashed
from deploybook.sandbox.vercel.service import VercelService


class StudioService(Service):
    """Has no port of its own. What a web app or a worker gets of the sandbox is the network; all else is in its variables."""

    name = "studio"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._network = Network(context.certificates.authority_path)
        self._workers: set[Worker] = set()

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
        workers, self._workers = self._workers, set()
        for worker in workers:
            await worker.stop(grace=0)
        await self._network.reset()

    async def close(self) -> None:
        """The same, for good."""
        await self.reset()

    def _web(self, variables: dict[str, str]) -> ASGIApp:
        return web_app(variables, self._network)

    async def _worker(self, service_id: str, variables: Mapping[str, str], log: Log) -> _Container:  # noqa: ARG002
        try:
            worker = Worker(dict(variables), self._network, log)
        except StudioError as error:
            log(f"[Worker] {error}")
            raise WorkerCrashed("exited with status 1") from None
        self._workers.add(worker)
        worker.start()
        return _Container(worker, self._workers)


class _Container:
    """A running worker, as Render holds it."""

    def __init__(self, worker: Worker, running: set[Worker]) -> None:
        self._worker = worker
        self._running = running

    async def stop(self) -> None:
        """SIGTERM, and wait."""
        await self._worker.stop()
        self._running.discard(self._worker)
