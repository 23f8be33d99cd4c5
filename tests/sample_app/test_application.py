"""The studio comes and goes with the clouds that run it."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
from tests.conftest import launch_sandbox
from tests.sample_app.stack import SERVICES, Stack
from tests.waiting import until

from deploybook.sandbox.application import StudioService
from deploybook.sandbox.host import Sandbox


@pytest.mark.parametrize("only", [["studio"], ["vercel", "studio"], ["render", "studio"], ["r2", "studio"]])
def test_studio_starts_with_what_is_there(tmp_path: Path, only: list[str]) -> None:
    async def whole() -> None:
        async with Sandbox(tmp_path, only) as sandbox:
            assert sandbox.context.service(StudioService).exports() == {}
            await sandbox.reset()

    asyncio.run(whole())


def test_reset_ends_the_application() -> None:
    sandbox = launch_sandbox(*SERVICES)
    stack = Stack(sandbox)
    try:
        stack.provision()
        until(lambda: len(sandbox.journal("turso-sql")) > 2, "the worker asks all the time")
        assert stack.call("GET", "/").status_code == 200
        sandbox.reset()
        with pytest.raises(httpx.ConnectError):
            stack.call("GET", "/")
        again = Stack(sandbox)
        again.provision()
        until(lambda: len(sandbox.journal("turso-sql")) > 2, "the new worker asks as the old one did")
        assert {request["status"] for request in sandbox.journal("turso-sql")} == {200}, "the old token is refused"
        assert again.call("GET", "/").status_code == 200
        again.close()
    finally:
        stack.close()
        sandbox.close()


@pytest.mark.xdist_group("studio-web")
def test_deployment_keeps_the_variables_it_was_made_with(stack: Stack) -> None:
    stack.use()
    variable = {"key": "INTERNAL_WEBHOOK_SECRET", "value": "0" * 64, "type": "sensitive", "target": ["production"]}
    path = "/v10/projects/studio-production/env"
    stack.vercel.post(path, params={"upsert": "true"}, json=variable).raise_for_status()
    body = {"jobId": "00000000-0000-4000-8000-000000000000", "status": "failed"}
    assert stack.callback(stack.web_variables["INTERNAL_WEBHOOK_SECRET"], **body)[0] == 404
    stack.use(web={"WORKER": "deploys"})
    assert stack.callback("0" * 64, **body)[0] == 404
    right = variable | {"value": stack.web_variables["INTERNAL_WEBHOOK_SECRET"]}
    stack.vercel.post(path, params={"upsert": "true"}, json=right).raise_for_status()


@pytest.mark.xdist_group("studio-web")
def test_previews_run_without_the_production_variables(stack: Stack) -> None:
    stack.use()
    order = {"name": "studio-production", "project": "studio-production", "files": [{"file": "a", "data": ""}]}
    made = stack.vercel.post("/v13/deployments", json=order).json()
    trust = ssl.create_default_context(cafile=stack.sandbox.exports["SSL_CERT_FILE"])
    with httpx.Client(verify=trust, trust_env=False) as browser:

        def served() -> httpx.Response | None:
            page = browser.get(f"https://{made['url']}")
            return None if page.status_code in {404, 503} else page

        answer = until(served, "the preview's first page")
    assert answer
    # Guarded by Vercel's own deployment protection, or shown without its address; never with production's.
    assert answer.status_code in {200, 401}
    assert "canonical" not in answer.text
