"""What the studio builds on: the web app of a deployment gets exactly its variables, and hears of production first."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from deploybook.sandbox.core.certificates import Certificates
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.vercel.service import VercelService
from deploybook.sandbox.vercel.state.deployments import Deployment
from deploybook.sandbox.vercel.state.projects import Project


def mirror(variables: dict[str, str]) -> ASGIApp:
    """A web app that shows its variables, and writes a line to the console."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["log"]("[Web] asked")
        if scope["path"] == "/crash":
            raise RuntimeError("no such table")
        await JSONResponse(variables)(scope, receive, send)

    return app


class Studio:
    """The service in this process, an API client and a browser."""

    def __init__(self, service: VercelService, api: httpx.AsyncClient, browser: httpx.AsyncClient) -> None:
        self.service = service
        self.api = api
        self.browser = browser

    async def variable(self, key: str, value: str, kind: str = "sensitive", target: str = "production") -> None:
        body = {"key": key, "value": value, "type": kind, "target": [target]}
        answer = await self.api.post("/v10/projects/web/env", params={"upsert": "true"}, json=body)
        assert answer.status_code == 201, answer.text

    async def deploy(self, target: str = "production") -> dict[str, Any]:
        body = {"name": "web", "project": "web", "target": target, "files": [{"file": "a", "data": ""}]}
        made = (await self.api.post("/v13/deployments", params={"forceNew": "1"}, json=body)).json()
        while True:
            deployment: dict[str, Any] = (await self.api.get(f"/v13/deployments/{made['id']}")).json()
            if deployment["aliasAssigned"]:
                return deployment
            await asyncio.sleep(0.05)

    def project(self) -> Project:
        return self.service.platform.projects.all()[0]


@asynccontextmanager
async def studio(directory: Path) -> AsyncIterator[Studio]:
    context = Context(directory, Certificates(directory))
    service = VercelService(context)
    await service.start()
    exports = service.exports()
    trusted = ssl.create_default_context(cafile=str(context.certificates.authority_path))
    headers = {"Authorization": f"Bearer {exports['VERCEL_TOKEN']}"}
    params = {"teamId": exports["VERCEL_TEAM_ID"]}
    try:
        async with (
            httpx.AsyncClient(
                base_url=exports["VERCEL_API_URL"], headers=headers, params=params, trust_env=False
            ) as api,
            httpx.AsyncClient(verify=trusted, trust_env=False) as browser,
        ):
            await api.post("/v11/projects", json={"name": "web", "framework": "nextjs"})
            yield Studio(service, api, browser)
    finally:
        await service.close()


def run(directory: Path, scenario: Callable[[Studio], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with studio(directory) as one:
            await scenario(one)

    asyncio.run(whole())


def test_web_app_gets_exactly_the_variables_of_its_deployment(tmp_path: Path) -> None:
    async def scenario(one: Studio) -> None:
        one.service.web_factory = mirror
        url = one.service.production_url(one.project())
        await one.variable("SECRET", "first")
        await one.variable("PREVIEW", "no", "plain", "preview")
        first = await one.deploy()
        assert (await one.browser.get(url)).json() == {"SECRET": "first"}
        await one.variable("SECRET", "second")
        await one.variable("LATER", "x", "encrypted")
        assert (await one.browser.get(url)).json() == {"SECRET": "first"}
        second = await one.deploy()
        assert (await one.browser.get(url)).json() == {"SECRET": "second", "LATER": "x"}
        await one.api.post(f"/v10/projects/{one.project().id}/promote/{first['id']}")
        assert (await one.browser.get(url)).json() == {"SECRET": "first"}
        assert second["alias"]

    run(tmp_path, scenario)


def test_system_variable_is_resolved_for_the_deployment(tmp_path: Path) -> None:
    async def scenario(one: Studio) -> None:
        one.service.web_factory = mirror
        await one.variable("WHERE", "VERCEL_ENV", "system")
        await one.deploy()
        answer = await one.browser.get(one.service.production_url(one.project()))
        assert answer.json() == {"WHERE": "production"}

    run(tmp_path, scenario)


def test_callback_hears_of_production_before_the_domain_moves(tmp_path: Path) -> None:
    async def scenario(one: Studio) -> None:
        calls: list[tuple[str, dict[str, str], int]] = []

        async def callback(project: Project, deployment: Deployment, variables: dict[str, str]) -> None:
            before = await one.browser.get(one.service.production_url(project))
            calls.append((deployment.id, variables, before.status_code))

        one.service.on_production(callback)
        await one.variable("SECRET", "first")
        await one.deploy("preview")
        made = await one.deploy()
        assert calls == [(made["id"], {"SECRET": "first"}, 404)]

    run(tmp_path, scenario)


def test_failing_callback_is_the_deployment_s_alias_error(tmp_path: Path) -> None:
    async def scenario(one: Studio) -> None:
        async def callback(*_: object) -> None:
            raise RuntimeError("no port left")

        one.service.on_production(callback)
        made = await one.deploy()
        assert made["aliasError"] == {"code": "alias_failed", "message": "RuntimeError: no port left"}
        assert made["alias"] == []

    run(tmp_path, scenario)


def test_app_that_cannot_start_crashes_each_request_and_says_why_in_the_log(tmp_path: Path) -> None:
    async def scenario(one: Studio) -> None:
        def refuses(variables: dict[str, str]) -> ASGIApp:
            raise KeyError("TURSO_DATABASE_URL")

        one.service.web_factory = refuses
        made = await one.deploy()
        answer = await one.browser.get(one.service.production_url(one.project()))
        assert answer.status_code == 500
        assert answer.headers["x-vercel-error"] == "FUNCTION_INVOCATION_FAILED"
        assert "TURSO" not in answer.text
        logs = await one.api.get(f"/v1/projects/{one.project().id}/deployments/{made['id']}/runtime-logs")
        assert "TURSO_DATABASE_URL" in logs.text

    run(tmp_path, scenario)


def test_app_writes_to_the_runtime_log_and_a_crash_is_contained(tmp_path: Path) -> None:
    async def scenario(one: Studio) -> None:
        one.service.web_factory = mirror
        made = await one.deploy()
        url = one.service.production_url(one.project())
        assert (await one.browser.get(url + "/crash")).status_code == 500
        assert (await one.browser.get(url)).status_code == 200
        logs = await one.api.get(f"/v1/projects/{one.project().id}/deployments/{made['id']}/runtime-logs")
        assert "[Web] asked" in logs.text
        assert "no such table" in logs.text

    run(tmp_path, scenario)
