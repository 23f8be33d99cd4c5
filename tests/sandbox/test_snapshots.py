"""When a world is frozen, and who has its addresses meanwhile. That it is the same world: ``tests/e2e/test_snapshots.py``."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

import httpx
import pytest
from tests.sandbox.render.conftest import worker_body

from deploybook.sandbox import snapshots
from deploybook.sandbox.core.freezing import Part
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.host import REGISTRY, Sandbox
from deploybook.sandbox.render.service import RenderService
from deploybook.sandbox.vercel.backend.platform import Order, Platform
from deploybook.sandbox.vercel.service import VercelService

STATE = re.compile(r"deploybook\.sandbox\.\w+\.state\b.*")


def in_a_vercel(directory: Path, act: Callable[[Sandbox, Platform], Coroutine[Any, Any, None]]) -> None:
    """Do something in a sandbox that has Vercel alone, in this process."""

    async def run() -> None:
        async with Sandbox(directory, only=("vercel",)) as sandbox:
            await act(sandbox, sandbox.context.service(VercelService).platform)

    asyncio.run(run())


async def deployed(platform: Platform) -> str:
    """Make a project with a deployment, which is not built yet; the project's address."""
    project = await platform.create_project(platform.accounts.operator_scope, "studio", {"framework": None})
    await platform.deploy(Order(project, platform.accounts.operator_scope, True, "api"))
    return project.domain


def state_objects() -> set[int]:
    """Every object alive that is part of a provider's state and can be changed."""
    gc.collect()
    return {id(one) for one in gc.get_objects() if is_state(one) and not is_frozen(one)}


def is_state(one: object) -> bool:
    return STATE.fullmatch(str(type(one).__module__)) is not None


def is_frozen(one: object) -> bool:
    return bool(getattr(getattr(type(one), "__dataclass_params__", None), "frozen", False))


def reached(parts: list[Part]) -> set[int]:
    """The objects of a provider's state that the parts are or refer to."""
    visited: set[int] = set()
    waiting: list[object] = [value for part in parts for value in (part.owner, *part.attributes().values())]
    while waiting:
        one = waiting.pop()
        if id(one) not in visited and not isinstance(one, (type, ModuleType, FunctionType, MethodType)):
            visited.add(id(one))
            waiting += gc.get_referents(one) if not is_state(one) else [vars(one)]
    return visited


def test_nobody_holds_a_part_of_a_world_that_was_thrown_away(tmp_path: Path) -> None:
    """A service that kept one for itself would go on with the world of before."""

    async def run() -> list[str]:
        providers = tuple(REGISTRY.keys() - {"studio"})
        async with Sandbox(tmp_path, only=providers) as sandbox:
            services = sandbox.context.services.values()
            others = state_objects() - reached([part for service in services for part in service.state()])
            await sandbox.snapshots.restore(await sandbox.snapshots.take())
            kept = state_objects() - reached([part for service in services for part in service.state()]) - others
            return sorted(f"{type(one).__module__}.{type(one).__name__}" for one in gc.get_objects() if id(one) in kept)

    assert asyncio.run(run()) == []


def test_a_world_is_frozen_when_what_is_being_made_is_done(tmp_path: Path) -> None:
    async def act(sandbox: Sandbox, platform: Platform) -> None:
        sandbox.context.clock.stop()
        await deployed(platform)
        taken = asyncio.create_task(sandbox.snapshots.take())
        await sandbox.context.clock.step()
        assert not taken.done()
        sandbox.context.clock.run()
        await taken
        assert [one.state for one in platform.deployments.values()] == ["READY"]

    in_a_vercel(tmp_path, act)


def test_a_world_that_does_not_come_to_rest_is_not_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PATIENCE_SECONDS", 0.0)

    async def act(sandbox: Sandbox, platform: Platform) -> None:
        sandbox.context.clock.stop()
        await deployed(platform)
        with pytest.raises(Refusal, match="a deployment is being built at Vercel"):
            await sandbox.snapshots.take()
        sandbox.context.clock.run()

    in_a_vercel(tmp_path, act)


def test_an_address_of_a_frozen_world_is_nobody_elses_until_it_is_dropped(tmp_path: Path) -> None:
    async def act(sandbox: Sandbox, platform: Platform) -> None:
        domain = await deployed(platform)
        host, port = domain.split(":")
        taken = sandbox.snapshots
        name = await taken.take()
        await sandbox.reset()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)))
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((host, int(port)))
        await taken.restore(name)
        socket.create_connection((host, int(port))).close()
        await sandbox.reset()
        await taken.drop(name)
        with socket.socket() as other:
            other.bind((host, int(port)))
        with pytest.raises(Refusal, match="no such snapshot"):
            await taken.restore(name)

    in_a_vercel(tmp_path, act)


def test_a_service_that_is_created_while_a_world_is_put_away_is_in_none(tmp_path: Path) -> None:
    """A killed run's request may still be on its way, and it changed what was being gone through: the restore ended with 500."""

    async def run() -> tuple[list[str], list[str]]:
        async with Sandbox(tmp_path, only=("render",)) as sandbox:
            service = sandbox.context.service(RenderService)
            exports = service.exports()
            headers = {"Authorization": f"Bearer {exports['RENDER_API_KEY']}"}
            async with httpx.AsyncClient(base_url=exports["RENDER_API_URL"], headers=headers) as client:
                owner = (await client.get("/owners")).json()[0]["owner"]["id"]

                async def create(name: str) -> None:
                    await client.post("/services", json=worker_body(owner, name=name))

                late = ["late"]

                class Leaving:
                    async def stop(self) -> None:
                        """Go, while somebody creates another."""
                        with contextlib.suppress(httpx.TransportError):
                            while late:
                                await create(late.pop())

                async def start(*_: object) -> Leaving:
                    return Leaving()

                service.worker_factory = start
                await create("studio")
                name = await sandbox.snapshots.take()
                before = list(service.cloud.workers)
                await sandbox.snapshots.restore(name)
                return before, list(service.cloud.workers)

    before, after = asyncio.run(run())
    assert len(before) == 1
    assert after == before
