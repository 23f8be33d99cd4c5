"""What plugs into Render: a factory that runs a worker when a deploy goes live, and is told when to stop it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploybook.sandbox.host import Sandbox
from deploybook.sandbox.render.service import RenderService
from deploybook.sandbox.render.state.containers import StopHandle, WorkerCrashed


@dataclass
class Workers:
    """A factory that notes what it is told."""

    events: list[str] = field(default_factory=list)
    crash: Exception | None = None

    async def __call__(self, service: str, variables: Mapping[str, str], log: Callable[[str], None]) -> StopHandle:
        if self.crash:
            raise self.crash
        number = sum(event.startswith("start") for event in self.events)
        self.events.append(f"start {number} {variables.get('A')}")
        log(f"hello from {service}")
        return Handle(self, number)


@dataclass
class Handle:
    """A running worker of ``Workers``."""

    workers: Workers
    number: int

    async def stop(self) -> None:
        self.workers.events.append(f"stop {self.number}")


@dataclass
class Scene:
    """A sandbox in this process, with the factory plugged in and one service made."""

    sandbox: Sandbox
    render: RenderService
    workers: Workers
    api: httpx.AsyncClient
    service: str = ""

    async def create(self) -> None:
        owner = (await self.api.get("/owners")).json()[0]["owner"]["id"]
        docker = {"runtime": "docker", "plan": "starter", "envSpecificDetails": {"dockerfilePath": "worker/Dockerfile"}}
        body = {"type": "background_worker", "name": "w", "ownerId": owner, "repo": "https://github.com/studio/app"}
        body |= {"serviceDetails": docker, "envVars": [{"key": "A", "value": "1"}]}
        self.service = (await self.api.post("/services", json=body)).json()["service"]["id"]

    async def settled(self) -> str:
        while True:
            newest = (await self.api.get(f"/services/{self.service}/deploys")).json()[0]["deploy"]["status"]
            if newest not in {"created", "queued", "build_in_progress", "update_in_progress"}:
                return str(newest)
            await asyncio.sleep(0.02)

    async def post(self, path: str, **body: Any) -> None:
        (await self.api.post(f"/services/{self.service}/{path}", json=body)).raise_for_status()


def play(directory: Path, act: Callable[[Scene], Awaitable[None]]) -> list[str]:
    """Run ``act`` in a sandbox; what the factory was told, the end of the sandbox included."""
    workers = Workers()

    async def run() -> None:
        async with Sandbox(directory, ["render"]) as sandbox:
            render = sandbox.context.service(RenderService)
            render.worker_factory = workers
            exports = render.exports()
            headers = {"Authorization": f"Bearer {exports['RENDER_API_KEY']}"}
            async with httpx.AsyncClient(base_url=exports["RENDER_API_URL"], headers=headers, trust_env=False) as api:
                scene = Scene(sandbox, render, workers, api)
                await scene.create()
                assert await scene.settled() in {"live", "update_failed"}
                await act(scene)

    asyncio.run(asyncio.wait_for(run(), 20))
    return workers.events


def test_a_redeploy_starts_the_new_worker_before_the_old_one_ends(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.api.put(f"/services/{scene.service}/env-vars/A", json={"value": "2"})
        assert scene.workers.events == ["start 0 1"]
        await scene.post("deploys")
        await scene.settled()

    assert play(tmp_path, act) == ["start 0 1", "start 1 2", "stop 0", "stop 1"]


@pytest.mark.parametrize("how", ["suspend", "delete", "reset"])
def test_the_worker_is_stopped(tmp_path: Path, how: str) -> None:
    async def act(scene: Scene) -> None:
        if how == "suspend":
            await scene.post("suspend")
        elif how == "delete":
            await scene.api.delete(f"/services/{scene.service}")
        else:
            await scene.sandbox.reset()
        assert scene.workers.events == ["start 0 1", "stop 0"]

    assert play(tmp_path, act) == ["start 0 1", "stop 0"]


def test_restart_stops_before_it_starts(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        await scene.post("restart")

    assert play(tmp_path, act) == ["start 0 1", "stop 0", "start 1 1", "stop 1"]


def test_a_crashing_worker_leaves_the_old_one_running(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        scene.workers.crash = WorkerCrashed("exited with status 1")
        await scene.post("deploys")
        assert await scene.settled() == "update_failed"
        assert scene.workers.events == ["start 0 1"]

    assert play(tmp_path, act) == ["start 0 1", "stop 0"]


def test_a_broken_factory_fails_the_deploy(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        scene.workers.crash = RuntimeError("a bug")
        await scene.post("deploys")
        assert await scene.settled() == "update_failed"

    assert play(tmp_path, act) == ["start 0 1", "stop 0"]


def test_the_sandbox_itself_receives_the_hook(tmp_path: Path) -> None:
    async def act(scene: Scene) -> None:
        hook = scene.render.dashboard_deploy_hook(scene.service)
        assert (await scene.api.post(hook)).status_code == 200
        assert scene.render.dashboard_regenerate_hook(scene.service) != hook
        assert (await scene.api.post(hook)).status_code == 401

    play(tmp_path, act)
