"""Plugs the operator's own application into the clouds that run it, in the place of the sample application."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from deploybook.checkout.dockerfile import pairs, stages
from deploybook.checkout.ignoring import cloned, docker_context, git_checkout
from deploybook.sandbox.core.freezing import Part
from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.modal.service import ModalService
from deploybook.sandbox.own_app import engine
from deploybook.sandbox.own_app.image import Follower, ImageFailed
from deploybook.sandbox.own_app.modal_image import ModalImages
from deploybook.sandbox.own_app.processes import Log, Machine
from deploybook.sandbox.own_app.serving import ServedApp
from deploybook.sandbox.own_app.stand_ins import missing_programs, stand_in_for
from deploybook.sandbox.own_app.web import BuildFailed, WebBuild
from deploybook.sandbox.own_app.worker import Program, WorkerProcess
from deploybook.sandbox.r2.service import ObjectService
from deploybook.sandbox.render.service import RenderService
from deploybook.sandbox.render.state.workers import Worker
from deploybook.sandbox.vercel.service import VercelService
from deploybook.sandbox.vercel.state.deployments import Deployment, LogLine

R2_DOMAIN = "r2.cloudflarestorage.com"


class OwnAppService(Service):
    """Has no port of its own. ``checkout`` is the application's folder; nothing in it is changed."""

    name = "own-app"

    def __init__(self, context: Context, checkout: Path) -> None:
        super().__init__(context)
        self._checkout = checkout
        self._directory = context.directory / "own-app"
        self._machine: Machine | None = None
        self._builds: dict[str, WebBuild] = {}
        self._images: dict[str, Program] = {}
        self._engine: str | None = None
        self._sites: dict[str, ServedApp] = {}
        self._workers: set[WorkerProcess] = set()

    async def start(self) -> None:
        """Take over the builds of Vercel and Render, and what Modal cannot run here."""
        routes = {}
        for service in self.context.services.values():
            if isinstance(service, ObjectService):
                routes[R2_DOMAIN] = urlsplit(service.exports()["R2_ENDPOINT_URL"]).port or 443
            elif isinstance(service, VercelService):
                service.platform.builder.project = self._build_web
                service.platform.edge.host = self._site
            elif isinstance(service, RenderService):
                service.deployer.image_builder = self._build_image
                service.worker_factory = self._start_worker
            elif isinstance(service, ModalService):
                service.refuse_what_is_not_here()
        self._machine = Machine(self._directory, self.context.certificates.authority_path, routes)
        for service in self.context.services.values():
            if isinstance(service, ModalService):
                images = ModalImages(service.workspace, self._machine, self._directory / "modal-images")
                service.build_images_by(images.build)

    def exports(self) -> dict[str, str]:
        """Nothing: the application is found at its production domain."""
        return {}

    async def reset(self) -> None:
        """End every server and worker, and forget what was built."""
        sites, workers = list(self._sites.values()), list(self._workers)
        self._sites.clear()
        self._workers.clear()
        await asyncio.gather(*(site.stop() for site in sites), *(worker.stop() for worker in workers))
        self._builds.clear()
        self._images.clear()

    def state(self) -> list[Part]:
        """What was built is in files and in running servers, and is not frozen."""
        return []

    def busy(self) -> str:
        """Always: a world with an application of the operator's is built anew."""
        return "builds of an application of the operator's are not kept"

    async def close(self) -> None:
        """The same, for good."""
        await self.reset()

    @property
    def machine(self) -> Machine:
        """What the application's programs get."""
        assert self._machine is not None
        return self._machine

    async def _build_web(self, deployment: Deployment, settings: Mapping[str, Any]) -> str:
        """Build a deployment and start its server; how the build failed, or an empty text."""
        files = deployment.files or {path: file.read_bytes() for path, file in git_checkout(self._checkout).items()}
        build = WebBuild(self.machine, self._directory / deployment.id, files, settings)
        try:
            await build.run(deployment.variables, deployment.log)
        except BuildFailed as failure:
            return str(failure)
        self._builds[deployment.id] = build
        if build.serves():
            try:
                self._sites[deployment.id] = await ServedApp.start(build, deployment.variables, _console(deployment))
            except RuntimeError as failure:
                return str(failure)
        return ""

    def _site(self, deployment: Deployment) -> ASGIApp | None:
        return self._sites.get(deployment.id)

    async def _build_image(self, worker: Worker, variables: Mapping[str, str], log: Log) -> str:
        """Build a service's image; how that failed, or an empty text."""
        settings = worker.settings
        root = self._checkout / settings.root_dir
        dockerfile = root / settings.dockerfile_path
        if not dockerfile.is_file():
            return f"error: failed to read dockerfile: open {settings.dockerfile_path}: no such file or directory"
        context = root / (settings.docker_context or ".")
        if self._engine is None:
            self._engine = await asyncio.to_thread(engine.find_engine)
        folder = self._directory / f"image-{worker.id}-{len(worker.deploys)}"
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(shutil.rmtree, folder)
        folder.mkdir(parents=True)
        try:
            self._images[worker.id] = await self._image(worker, dockerfile, context, folder, variables, log)
        except ImageFailed as failure:
            return str(failure)
        return ""

    async def _image(
        self, worker: Worker, dockerfile: Path, context: Path, folder: Path, variables: Mapping[str, str], log: Log
    ) -> Program:
        """By a container engine, which executes every step; or by following the steps where none runs."""
        if not self._engine:
            log("No container engine runs here: the Dockerfile's steps are followed in a folder.")
            follower = Follower(docker_context(self._checkout, context), self.machine, folder, log)
            image = await follower.build(dockerfile.read_bytes(), variables)
            if missing := missing_programs(follower.left_out):
                log(f"Not here, and in the image: {', '.join(missing)}. What starts one of them fails and says so.")
                image.search_too(stand_in_for(missing, folder / "not-here"))
            return image
        log(f"The image is built by {Path(self._engine).name}.")
        steps = [step for stage in stages(dockerfile.read_bytes()) for step in stage.steps]
        declared = {pair for step in steps if step.instruction == "ARG" for pair in pairs(step)}
        # The engine reads .dockerignore itself.
        build = engine.Build(
            dockerfile, cloned(self._checkout, context), sorted(declared & variables.keys()), variables
        )
        return await build.run(self._engine, worker.id, self.machine, folder, log)

    async def _start_worker(self, service_id: str, variables: Mapping[str, str], log: Log) -> _Running:
        image = self._images[service_id]
        home = self._directory / f"home-{service_id}"
        process = await WorkerProcess.start(image, "", variables, self.machine, home, log)
        self._workers.add(process)
        return _Running(process, self._workers)


class _Running:
    """A worker that leaves the list when Render stops it."""

    def __init__(self, process: WorkerProcess, running: set[WorkerProcess]) -> None:
        self._process, self._running = process, running

    async def stop(self) -> None:
        """SIGTERM, and wait."""
        await self._process.stop()
        self._running.discard(self._process)


def _console(deployment: Deployment) -> Log:
    def log(line: str) -> None:
        deployment.logs.append(LogLine(line, "info", "serverless", deployment.url))

    return log
