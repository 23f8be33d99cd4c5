"""A deployment's files, installed, built and served: with its variables, and nothing else of the machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploybook.sandbox.own_app.processes import Machine
from deploybook.sandbox.own_app.serving import ServedApp
from deploybook.sandbox.own_app.web import BuildFailed, WebBuild

VARIABLES = {"NEXT_PUBLIC_APP_URL": "https://127.0.0.1:40001", "R2_BUCKET_NAME": "studio"}


def built(
    machine: Machine, folder: Path, files: dict[str, str], variables: dict[str, str] = VARIABLES, **settings: Any
) -> tuple[WebBuild, list[str]]:
    build = WebBuild(machine, folder, {path: content.encode() for path, content in files.items()}, settings)
    log: list[str] = []
    asyncio.run(build.run(variables, log.append))
    return build, log


async def served(build: WebBuild, ask: Callable[[httpx.AsyncClient], Awaitable[Any]], log: list[str]) -> Any:
    app = await ServedApp.start(build, VARIABLES, log.append)
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://app.test") as client:
            return await ask(client)
    finally:
        await app.stop()


def test_the_server_sees_the_project_s_variables_and_no_other_of_the_machine(
    machine: Machine, tmp_path: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERCEL_TOKEN", "canary")
    build, log = built(machine, tmp_path / "web", files)

    async def twice(client: httpx.AsyncClient) -> list[Any]:
        return [(await client.post("/api/echo", content=b"x" * 100)).json() for _ in range(2)]

    answer, other = asyncio.run(served(build, twice, log))
    # Node.js may be closing a connection that is idle: none is used twice.
    assert answer["port"] != other["port"]
    assert answer["host"] == "app.test"
    assert answer["size"] == 100
    assert {"R2_BUCKET_NAME", "NEXT_PUBLIC_APP_URL", "VERCEL"} <= set(answer["names"])
    assert "VERCEL_TOKEN" not in answer["names"]
    assert "POST /api/echo" in log


def test_an_answer_above_vercel_s_limit_is_refused(machine: Machine, tmp_path: Path, files: dict[str, str]) -> None:
    build, log = built(machine, tmp_path / "web", files)
    answer = asyncio.run(served(build, lambda client: client.get("/api/large"), log))
    assert answer.status_code == 500
    assert answer.headers.get("x-vercel-error") == "FUNCTION_RESPONSE_PAYLOAD_TOO_LARGE"


def test_a_build_that_fails_says_what_the_command_said(machine: Machine, tmp_path: Path, files: dict[str, str]) -> None:
    files["build.js"] = 'console.error("Type error: x is not a number"); process.exit(1);'
    log: list[str] = []
    build = WebBuild(machine, tmp_path / "web", {path: text.encode() for path, text in files.items()}, {})
    with pytest.raises(BuildFailed, match='Command "npm run build" exited with 1'):
        asyncio.run(build.run(VARIABLES, log.append))
    assert "Type error: x is not a number" in log


def test_a_root_directory_that_is_not_there_fails_the_build(
    machine: Machine, tmp_path: Path, files: dict[str, str]
) -> None:
    with pytest.raises(BuildFailed, match='Root Directory "apps/web" does not exist'):
        built(machine, tmp_path / "web", files, rootDirectory="apps/web")


def test_a_second_run_takes_the_build_of_the_first_with_its_own_values(
    machine: Machine, tmp_path: Path, files: dict[str, str]
) -> None:
    built(machine, tmp_path / "first", files)
    second, log = built(
        machine, tmp_path / "second", files, {**VARIABLES, "NEXT_PUBLIC_APP_URL": "https://127.0.0.1:40002"}
    )
    assert (second.folder / ".next/page.js").read_text() == "https://127.0.0.1:40002"
    assert not any("node build.js" in line for line in log)


def test_a_build_reaches_no_host_outside(machine: Machine, tmp_path: Path, files: dict[str, str]) -> None:
    files["build.js"] = 'fetch("https://example.com").catch((error) => console.log(error.cause.code));'
    _, log = built(machine, tmp_path / "web", files)
    assert "ENOTFOUND" in log


def test_a_name_of_the_sandbox_leads_to_its_port(machine: Machine, tmp_path: Path, files: dict[str, str]) -> None:
    own = Machine(tmp_path / "routed", tmp_path / "authority.pem", {"r2.cloudflarestorage.com": 9})
    files["build.js"] = (
        'fetch("https://a.r2.cloudflarestorage.com").catch((e) => console.log(e.cause.code, e.cause.port));'
    )
    _, log = built(own, tmp_path / "web", files)
    assert "ECONNREFUSED 9" in log


def test_package_json_without_a_build_needs_none(machine: Machine, tmp_path: Path, files: dict[str, str]) -> None:
    files["package.json"] = json.dumps({"name": "small", "version": "1.0.0", "scripts": {"start": "node server.js"}})
    build, _ = built(machine, tmp_path / "web", files)
    assert build.serves()
