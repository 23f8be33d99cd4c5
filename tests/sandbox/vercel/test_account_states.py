"""States that an account or a site can be in: the day's free deployments made, Attack Challenge Mode, a body that is too large."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.sandbox.vercel.test_studio_hooks import Studio, run

LIMIT = 4_718_592
ORDER = {"name": "web", "project": "web", "target": "production", "files": [{"file": "a", "data": ""}]}


def test_the_hundred_and_first_deployment_of_a_free_day_is_402(tmp_path: Path) -> None:
    async def scenario(one: Studio) -> None:
        one.service.use_up_free_deployments()
        refused = await one.api.post("/v13/deployments", json=ORDER)
        assert refused.status_code == 402
        error = refused.json()["error"]
        assert error["code"] == "api-deployments-free-per-day"
        assert error["message"].startswith("Resource is limited - try again in 24 hours (more than 100,")
        assert error["limit"]["total"] == 100
        assert one.service.platform.deployments == {}

    run(tmp_path, scenario)


def test_a_paying_team_is_not_held_to_it(tmp_path: Path) -> None:
    async def scenario(one: Studio) -> None:
        one.service.use_up_free_deployments()
        one.service.platform.accounts.plan = "pro"
        assert (await one.api.post("/v13/deployments", json=ORDER)).status_code == 200

    run(tmp_path, scenario)


def test_attack_challenge_mode_answers_every_path_with_a_challenge(tmp_path: Path) -> None:
    async def scenario(one: Studio) -> None:
        await one.deploy()
        url = one.service.production_url(one.project())
        one.project().attack_mode = True
        for path in ("/", "/api/health", "/a"):
            challenged = await one.browser.get(url + path)
            assert challenged.status_code == 429
            assert challenged.headers["x-vercel-mitigated"] == "challenge"
            assert "Vercel Security Checkpoint" in challenged.text
        one.project().attack_mode = False
        assert (await one.browser.get(url + "/a")).status_code == 200

    run(tmp_path, scenario)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413)])
def test_a_function_never_sees_a_body_above_the_limit(tmp_path: Path, size: int, status: int, *, chunked: bool) -> None:
    received: list[int] = []

    def counting(_: dict[str, str]) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            received.append(len(await Request(scope, receive).body()))
            await JSONResponse({})(scope, receive, send)

        return app

    async def scenario(one: Studio) -> None:
        one.service.web_factory = counting
        await one.deploy()

        async def parts() -> AsyncIterator[bytes]:
            yield b"x" * size

        body = parts() if chunked else b"x" * size
        answer = await one.browser.post(one.service.production_url(one.project()), content=body)
        assert answer.status_code == status
        assert answer.headers.get("x-vercel-error") == ("FUNCTION_PAYLOAD_TOO_LARGE" if status == 413 else None)
        assert received == ([size] if status == 200 else [])

    run(tmp_path, scenario)
