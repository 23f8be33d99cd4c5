"""Time in the life of a deployment: QUEUED, INITIALIZING, BUILDING, READY or ERROR, then its names."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from deploybook.sandbox.core.faults import Faults
from deploybook.sandbox.vercel.builds import Build, plan
from deploybook.sandbox.vercel.deployments import Deployment
from deploybook.sandbox.vercel.models import State

# Seconds spent in each state: long enough for a poll to see it, about a second in all.
PACE = {"QUEUED": 0.15, "INITIALIZING": 0.2, "BUILDING": 0.4, "READY": 0.2}

# The name under which a build can be made to fail: Fault(service="vercel-build", kind="status", path="/<project>").
BUILD_FAULTS = "vercel-build"


class Builder:
    """Builds deployments side by side; ``publish`` is awaited for each that becomes READY."""

    def __init__(self, state: State, faults: Faults, publish: Callable[[Deployment], Awaitable[None]]) -> None:
        self._state = state
        self._faults = faults
        self._publish = publish
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, deployment: Deployment) -> None:
        """Begin to build."""
        task = asyncio.create_task(self._run(deployment))
        self._tasks[deployment.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(deployment.id, None))

    async def stop(self, deployment: Deployment) -> None:
        """End a build that is under way."""
        task = self._tasks.pop(deployment.id, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        """End all builds."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def _run(self, deployment: Deployment) -> None:
        try:
            await self._build(deployment)
        except Exception as problem:  # noqa: BLE001 - or clients would wait for ever
            deployment.fail("INTERNAL_SERVER_ERROR", f"the sandbox failed: {type(problem).__name__}: {problem}")

    async def _build(self, deployment: Deployment) -> None:
        project = next(one for one in self._state.projects.all() if one.id == deployment.project_id)
        await asyncio.sleep(PACE["QUEUED"])
        deployment.enter("INITIALIZING")
        deployment.say("Running build in Washington, D.C., USA (East) – iad1")
        await asyncio.sleep(PACE["INITIALIZING"])
        deployment.enter("BUILDING")
        build = plan(deployment.files, project.settings | deployment.settings)
        _narrate(deployment, build)
        await asyncio.sleep(PACE["BUILDING"])
        fault = self._faults.take(BUILD_FAULTS, "BUILD", f"/{project.name}")
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault is not None:
            deployment.fail("BUILD_UTILS_SPAWN_1", fault.body or 'Command "npm run build" exited with 1')
            return
        if build.exit_status:
            code = f"BUILD_UTILS_SPAWN_{build.exit_status}"
            deployment.fail(code, f'Command "{build.command}" exited with {build.exit_status}')
            return
        deployment.output = build.output
        deployment.say("Build Completed in /vercel/output")
        deployment.say("Deploying outputs...")
        deployment.enter("READY")
        deployment.say("Deployment completed")
        await asyncio.sleep(PACE["READY"])
        await self._publish(deployment)


def _narrate(deployment: Deployment, build: Build) -> None:
    git = deployment.git_source
    if git:
        where = f"{git.get('org')}/{git.get('repo')}" if git.get("repo") else git.get("repoId")
        deployment.say(f"Cloning {where} (Branch: {git.get('ref')})")
    else:
        deployment.say(f"Downloading {len(deployment.files)} deployment files...")
    if build.prebuilt:
        deployment.say("Using prebuilt build artifacts from .vercel/output")
    if build.command:
        deployment.say(f'Running "{build.command}"', "command")
