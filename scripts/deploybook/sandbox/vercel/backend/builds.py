"""Builds: what one makes of a deployment's files, and its states in time (QUEUED, INITIALIZING, BUILDING, READY or ERROR).

Of itself it runs no file: a build fails by what its command says, or by a fault. With an application of the operator's, ``project``
builds the files.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploybook.sandbox.core.clock import Clock
from deploybook.sandbox.core.faults import Faults
from deploybook.sandbox.vercel.state.deployments import Deployment

_FAILING = re.compile(r"\s*(?:exit\s+([1-9]\d*)|(false))\s*")
_PREBUILT = ".vercel/output/"

# Seconds spent in each state: long enough for a poll to see it, about a second in all.
PACE = {"QUEUED": 0.15, "INITIALIZING": 0.2, "BUILDING": 0.4, "READY": 0.2}

# The name under which a build can be made to fail: Fault(service="vercel-build", kind="status", path="/<project>").
BUILD_FAULTS = "vercel-build"


@dataclass(frozen=True)
class Build:
    """The command, the status with which it ends, and the files that it leaves to serve."""

    command: str | None
    exit_status: int
    output: dict[str, bytes]
    prebuilt: bool


def plan(files: Mapping[str, bytes], settings: Mapping[str, Any]) -> Build:
    """Decide a build from the files and the settings that apply (the deployment's own over the project's)."""
    if any(path.startswith(_PREBUILT) for path in files):
        static = _PREBUILT + "static/"
        return Build(None, 0, _below(files, static), prebuilt=True)
    root = (settings.get("rootDirectory") or "").strip("/")
    sources = _below(files, root + "/") if root else dict(files)
    configuration = _json(sources.get("vercel.json"))
    command = configuration.get("buildCommand") or settings.get("buildCommand") or _script(sources)
    directory = configuration.get("outputDirectory") or settings.get("outputDirectory") or "public"
    output = _below(sources, str(directory).strip("/") + "/") or {
        path: content for path, content in sources.items() if path not in {"package.json", "vercel.json"}
    }
    return Build(command, _exit_status(sources, command), output, prebuilt=False)


ProjectBuilder = Callable[[Deployment, Mapping[str, Any]], Awaitable[str]]


class Builder:
    """Builds deployments side by side; ``publish`` is awaited for each that becomes READY."""

    def __init__(self, faults: Faults, clock: Clock, publish: Callable[[Deployment], Awaitable[None]]) -> None:
        self._faults = faults
        self._clock = clock
        self._publish = publish
        # Builds the files for real, and says how that failed; without it a build fails by what its command says.
        self.project: ProjectBuilder | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def busy(self) -> bool:
        """Whether something is being built."""
        return bool(self._tasks)

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
        project = deployment.project
        await self._clock.wait(PACE["QUEUED"])
        deployment.enter("INITIALIZING")
        deployment.log("Running build in Washington, D.C., USA (East) – iad1")
        await self._clock.wait(PACE["INITIALIZING"])
        deployment.enter("BUILDING")
        build = plan(deployment.files, project.settings | deployment.settings)
        _narrate(deployment, build)
        await self._clock.wait(PACE["BUILDING"])
        fault = self._faults.take(BUILD_FAULTS, "BUILD", f"/{project.name}")
        if fault is not None and fault.kind == "slow":
            await self._faults.hold(fault)
        elif fault is not None:
            deployment.fail("BUILD_UTILS_SPAWN_1", fault.body or 'Command "npm run build" exited with 1')
            return
        if self.project is not None and not build.prebuilt:
            if problem := await self.project(deployment, project.settings | deployment.settings):
                deployment.fail("BUILD_UTILS_SPAWN_1", problem)
                return
        elif build.exit_status:
            code = f"BUILD_UTILS_SPAWN_{build.exit_status}"
            deployment.fail(code, f'Command "{build.command}" exited with {build.exit_status}')
            return
        deployment.output = build.output
        deployment.log("Build Completed in /vercel/output")
        deployment.log("Deploying outputs...")
        deployment.enter("READY")
        deployment.log("Deployment completed")
        await self._clock.wait(PACE["READY"])
        await self._publish(deployment)


def _narrate(deployment: Deployment, build: Build) -> None:
    git = deployment.git_source
    if git:
        where = f"{git.get('org')}/{git.get('repo')}" if git.get("repo") else git.get("repoId")
        deployment.log(f"Cloning {where} (Branch: {git.get('ref')})")
    else:
        deployment.log(f"Downloading {len(deployment.files)} deployment files...")
    if build.prebuilt:
        deployment.log("Using prebuilt build artifacts from .vercel/output")
    if build.command:
        deployment.log(f'Running "{build.command}"', "command")


def _script(sources: Mapping[str, bytes]) -> str | None:
    scripts = _scripts(sources)
    name = next((name for name in ("vercel-build", "build") if scripts.get(name)), None)
    return f"npm run {name}" if name else None


def _scripts(sources: Mapping[str, bytes]) -> dict[str, str]:
    scripts = _json(sources.get("package.json")).get("scripts")
    return {str(key): str(value) for key, value in scripts.items()} if isinstance(scripts, dict) else {}


def _exit_status(sources: Mapping[str, bytes], command: str | None) -> int:
    """The status that ``command`` ends with, as far as its text shows it without running it; else 0."""
    if command is None:
        return 0
    script = re.fullmatch(r"(?:npm|pnpm|yarn)(?: run)? ([\w:-]+)", command.strip())
    text = _scripts(sources).get(script[1], command) if script else command
    for step in re.split(r"&&|;|\n", text):
        failing = _FAILING.fullmatch(step)
        if failing:
            return int(failing[1] or 1)
    return 0


def _below(files: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    return {path.removeprefix(folder): content for path, content in files.items() if path.startswith(folder)}


def _json(content: bytes | None) -> dict[str, Any]:
    try:
        value = json.loads(content or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
