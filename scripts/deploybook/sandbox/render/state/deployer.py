"""The life of a deploy: created, built, rolled out, live; one at a time for each service, and one more queued."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from deploybook.sandbox.core.clock import Clock
from deploybook.sandbox.core.faults import Faults
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.render.state.builds import DOCKERFILES, build_problem, resolve_source, trigger_details
from deploybook.sandbox.render.state.cloud import Cloud
from deploybook.sandbox.render.state.containers import StopHandle, WorkerCrashed, WorkerFactory, start_idle_worker
from deploybook.sandbox.render.state.identifiers import xid
from deploybook.sandbox.render.state.workers import DEPLOYED, UNDER_WAY, Deploy, Worker


@dataclass
class Pace:
    """Seconds in each state: short, and long enough that a client that does not wait sees them."""

    created: float = 0.1
    build: float = 0.3
    update: float = 0.2


ImageBuilder = Callable[[Worker, Mapping[str, str], Callable[[str], None]], Awaitable[str]]


@dataclass
class Deployer:
    """Runs deploys and the workers that come out of them.

    Faults of method ``BUILD`` or ``UPDATE`` (path ``/srv-…``) make that step fail, or, of kind ``slow``, last longer.
    """

    cloud: Cloud
    faults: Faults
    clock: Clock
    factory: WorkerFactory = start_idle_worker
    # Builds the image for real, and says how that failed; without it only the Dockerfile's place is looked at.
    image_builder: ImageBuilder | None = None
    pace: Pace = field(default_factory=Pace)
    dockerfiles: frozenset[str] = DOCKERFILES
    running: dict[str, StopHandle] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _switch: asyncio.Lock = field(default_factory=asyncio.Lock)
    _background: set[asyncio.Task[None]] = field(default_factory=set)

    def deploy(self, worker: Worker, trigger: str, *, commit: str | None = None, image: str | None = None) -> Deploy:
        """Make a deploy of the service as it is now; it is ``queued`` while another is under way."""
        made = Deploy(xid("dep"), trigger, worker.environment(), commit=commit, image_path=image)
        return self._enter(worker, made)

    def rollback(self, worker: Worker, deploy_id: str) -> Deploy:
        """Deploy again what ``deploy_id`` built, with the variables that it had."""
        target = worker.deploy(deploy_id)
        if target.status not in DEPLOYED:
            raise Refusal(400, f"deploy {deploy_id} was not successful, so it cannot be rolled back to")
        made = Deploy(xid("dep"), "rollback", target.variables, commit=target.commit, image_path=target.image_path)
        made.build_id, made.rollback_of = target.build_id, target.id
        return self._enter(worker, made)

    def _enter(self, worker: Worker, made: Deploy) -> Deploy:
        if worker.suspended:
            raise Refusal(400, f"service {worker.id} is suspended")
        made.image_path = made.image_path or worker.settings.image_path or None
        if worker.under_way:
            # Of the deploys that wait, only the newest is worth making.
            if worker.queued:
                worker.queued.move("canceled")
            made.status = "queued"
        worker.deploys.append(made)
        if made.status != "queued":
            self._begin(worker, made)
        return made

    def cancel(self, worker: Worker, deploy_id: str) -> Deploy:
        """Stop a deploy that is not finished; what was live stays live."""
        deploy = worker.deploy(deploy_id)
        if deploy.status not in UNDER_WAY:
            raise Refusal(400, f"deploy {deploy_id} is {deploy.status} and cannot be canceled")
        was_queued = deploy.status == "queued"
        deploy.move("canceled")
        if not was_queued:
            self._tasks.pop(worker.id).cancel()
            worker.note("deploy_ended", deployId=deploy.id, reason={}, deployStatus="canceled", status=4)
            self._next(worker)
        return deploy

    async def suspend(self, worker: Worker, by: str = "user") -> None:
        """Stop the worker and what is being deployed."""
        for deploy in worker.deploys:
            if deploy.status in UNDER_WAY:
                deploy.move("canceled")
        await self.halt(worker)
        worker.suspenders = [by]
        worker.note("service_suspended")

    def resume(self, worker: Worker) -> None:
        """Deploy again after a suspension."""
        if worker.suspended:
            worker.suspenders = []
            worker.note("service_resumed")
            self.deploy(worker, "service_resumed")

    @property
    def busy(self) -> bool:
        """Whether a deploy is being made."""
        return any(worker.under_way or worker.queued for worker in self.cloud.workers.values())

    async def resume_all(self) -> None:
        """Start what runs by the services' records: the same copies, with the variables of their deploy."""
        for worker in list(self.cloud.workers.values()):
            if worker.live and not worker.suspended:
                await self._run_container(worker, worker.live)

    async def restart(self, worker: Worker) -> None:
        """Start the live deploy's container anew, with that deploy's variables."""
        live = worker.live
        if worker.suspended or live is None:
            raise Refusal(400, f"service {worker.id} is not running")
        async with self._switch:
            await self._stop_worker(worker)
            worker.note("server_restarted", triggeredByUser=self.cloud.user_email)
            with contextlib.suppress(WorkerCrashed):
                await self._start_worker(worker, live)

    async def halt(self, worker: Worker) -> None:
        """End everything that runs for this service."""
        task = self._tasks.pop(worker.id, None)
        if task:
            task.cancel()
            await asyncio.wait([task])
        async with self._switch:
            await self._stop_worker(worker)

    async def close(self) -> None:
        """End everything."""
        for worker in list(self.cloud.workers.values()):
            await self.halt(worker)

    def _begin(self, worker: Worker, deploy: Deploy) -> None:
        self._tasks[worker.id] = self._spawn(self._run(worker, deploy))

    def _next(self, worker: Worker) -> None:
        queued = worker.queued
        if queued:
            queued.move("created")
            self._begin(worker, queued)

    def _spawn(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(job)
        # The loop itself keeps only a weak reference to a task.
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _run(self, worker: Worker, deploy: Deploy) -> None:
        worker.note("deploy_started", deployId=deploy.id, trigger=trigger_details(worker, deploy))
        await self.clock.wait(self.pace.created)
        built = await self._build(worker, deploy)
        try:
            rolled_out = built and await self._update(worker, deploy)
        except Exception:
            # A factory that breaks is a bug of ours: the deploy must not look as if it were still going on.
            deploy.move("update_failed")
            raise
        outcome = "succeeded" if rolled_out else "failed"
        reason: dict[str, object] = {}
        if not built:
            reason = {"buildFailed": {"id": deploy.build_id}}
        elif not rolled_out:
            reason = {"failure": {"evicted": False, "nonZeroExit": 1, "earlyExit": True}}
        worker.note(
            "deploy_ended", deployId=deploy.id, reason=reason, deployStatus=outcome, status=2 if rolled_out else 3
        )
        self._next(worker)

    async def _build(self, worker: Worker, deploy: Deploy) -> bool:
        deploy.move("build_in_progress")
        if deploy.rollback_of:
            return True
        worker.note("build_started", buildId=deploy.build_id, trigger=trigger_details(worker, deploy))
        settings = worker.settings
        self._log(worker, *resolve_source(settings, deploy))
        problem = await self._fault("BUILD", worker) or await self._build_problem(worker, deploy)
        await self.clock.wait(self.pace.build)
        if problem:
            self._log(worker, problem, "==> Build failed", level="error")
            deploy.move("build_failed")
        else:
            self._log(worker, "==> Pushing image to registry...", "==> Upload succeeded", "==> Deploying...")
        worker.note(
            "build_ended",
            buildId=deploy.build_id,
            reason={},
            buildStatus="failed" if problem else "succeeded",
            status=3 if problem else 2,
        )
        return not problem

    async def _build_problem(self, worker: Worker, deploy: Deploy) -> str:
        if self.image_builder is None or deploy.image_path:
            return build_problem(worker.settings, deploy, self.dockerfiles)
        return await self.image_builder(worker, deploy.variables, lambda line: self._log(worker, line))

    async def _update(self, worker: Worker, deploy: Deploy) -> bool:
        deploy.move("update_in_progress")
        problem = await self._fault("UPDATE", worker)
        await self.clock.wait(self.pace.update)
        if problem or not await self._replace_worker(worker, deploy):
            self._log(worker, problem or "==> Exited with status 1", kind="app", level="error")
            deploy.move("update_failed")
            return False
        return True

    async def _replace_worker(self, worker: Worker, deploy: Deploy) -> bool:
        """Start the new container beside the old one, which ends only when the new one runs."""
        async with self._switch:
            old, old_instances = self.running.pop(worker.id, None), worker.instance_ids
            try:
                await self._start_worker(worker, deploy)
            except BaseException as problem:
                if old:
                    self.running[worker.id] = old
                worker.instance_ids = old_instances
                if isinstance(problem, WorkerCrashed):
                    return False
                raise
            # Live before the old one has ended: from here on the deploy cannot be canceled.
            if worker.live:
                worker.live.move("deactivated")
            deploy.move("live")
            if old:
                await old.stop()
        return True

    async def _start_worker(self, worker: Worker, deploy: Deploy) -> None:
        worker.start_instances()
        await self._run_container(worker, deploy)

    async def _run_container(self, worker: Worker, deploy: Deploy) -> None:
        instance = worker.instance_ids[0][0]

        def log(line: str) -> None:
            self.cloud.logs.write(worker.id, line, kind="app", instance=instance)

        self.running[worker.id] = await self.factory(worker.id, dict(deploy.variables), log)

    async def _stop_worker(self, worker: Worker) -> None:
        handle = self.running.pop(worker.id, None)
        worker.instance_ids = []
        if handle:
            await handle.stop()

    async def _fault(self, step: str, worker: Worker) -> str:
        """The injected problem of this step, if one is armed for it by its method; HTTP faults are left alone."""
        for fault in self.faults.armed:
            if fault.method == step and fault.matches("render", step, f"/{worker.id}"):
                fault.times -= 1
                await self.faults.hold(fault)
                return "" if fault.kind == "slow" else fault.body or f"error: injected fault in {step.lower()}"
        return ""

    def _log(self, worker: Worker, *lines: str, kind: str = "build", level: str = "info") -> None:
        for line in lines:
            self.cloud.logs.write(worker.id, line, kind=kind, level=level)
