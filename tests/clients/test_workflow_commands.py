"""The deploy workflow's own commands, as a runner's shell would run them: Vercel's real CLI against the sandbox, and curl."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.clients import node
from tests.conftest import ROOT, RunningSandbox
from tests.waiting import PATIENCE_SECONDS

CLI = Path(__file__).parent / "node_modules" / "vercel"
WORKFLOW = ROOT / "runbooks" / "workflows" / "deploy.yml"
JOBS = yaml.safe_load(WORKFLOW.read_text())["jobs"]
SECRET = re.compile(r"\$\{\{ secrets\.([A-Z_]+) \}\}")

pytestmark = pytest.mark.client

Done = subprocess.CompletedProcess[str]


def variables(texts: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    return {name: SECRET.sub(lambda match: secrets[match[1]], text) for name, text in texts.items()}


def perform(job: str, directory: Path, secrets: Mapping[str, str], path: str = "") -> list[Done]:
    """Run a job's commands until one fails, each with what the workflow gives it and nothing else."""
    results: list[Done] = []
    base = {"PATH": f"{path}{':' if path else ''}/usr/local/bin:/usr/bin:/bin", "HOME": str(directory), "CI": "1"}
    for step in JOBS[job]["steps"]:
        if "run" in step and not (results and results[-1].returncode):
            environ = variables(JOBS[job].get("env", {}), secrets) | variables(step.get("env", {}), secrets)
            command = ["bash", "-e", "-c", step["run"]]
            options: dict[str, Any] = {"cwd": directory / "app", "env": base | environ, "timeout": PATIENCE_SECONDS}
            results.append(subprocess.run(command, text=True, capture_output=True, **options))
    return results


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "index.html").write_text("<h1>by the workflow</h1>")
    return tmp_path


@pytest.fixture
def vercel(start_sandbox: Callable[..., RunningSandbox], checkout: Path) -> Iterator[tuple[httpx.Client, str]]:
    """A client of the sandbox's Vercel, and a folder whose ``npx`` is the installed CLI, pointed at the sandbox."""
    node.require("vercel")
    sandbox = start_sandbox("vercel")
    sandbox.reset()
    exports, npx = sandbox.exports, checkout / "bin" / "npx"
    npx.parent.mkdir()
    version = yaml.safe_load((CLI / "package.json").read_text())["version"]
    npx.write_text(
        f'#!/bin/sh\n[ "$1 $2" = "--yes vercel@{version}" ] || {{ echo "npx $1 $2 is not what is installed"; exit 9; }}\n'
        f"shift 2\nexport SSL_CERT_FILE={exports['SSL_CERT_FILE']}\n"
        f'{node.EXEC} {CLI}/dist/vc.js --api {exports["VERCEL_API_URL"]} "$@"\n'
    )
    npx.chmod(0o755)
    headers, params = {"Authorization": f"Bearer {exports['VERCEL_TOKEN']}"}, {"teamId": exports["VERCEL_TEAM_ID"]}
    with httpx.Client(base_url=exports["VERCEL_API_URL"], headers=headers, params=params, trust_env=False) as client:
        yield client, str(npx.parent)


def secrets_of(client: httpx.Client) -> dict[str, str]:
    project = client.post("/v11/projects", json={"name": "web"}).json()
    return {
        "VERCEL_TOKEN": client.headers["Authorization"].removeprefix("Bearer "),
        "VERCEL_ORG_ID": client.params["teamId"],
        "VERCEL_PROJECT_ID": project["id"],
    }


def deployments(client: httpx.Client) -> list[str]:
    return [
        deployment["target"]
        for deployment in client.get("/v6/deployments", params={"app": "web"}).json()["deployments"]
    ]


def test_the_web_job_deploys_to_production(vercel: tuple[httpx.Client, str], checkout: Path) -> None:
    client, path = vercel
    secrets = secrets_of(client)
    variables = [
        {"key": "SECRET", "value": "canary", "type": "sensitive", "target": ["production"]},
        {"key": "PLAIN", "value": "plain", "type": "plain", "target": ["production"]},
    ]
    client.post(f"/v10/projects/{secrets['VERCEL_PROJECT_ID']}/env", json=variables).raise_for_status()
    result = perform("web", checkout, secrets, path)
    assert [process.returncode for process in result] == [0, 0, 0, 0], result[-1].stdout + result[-1].stderr
    assert deployments(client) == ["production"]
    pulled = (checkout / "app" / ".vercel" / ".env.production.local").read_text()
    assert 'PLAIN="plain"' in pulled
    # The command line has put a word in the place of what it cannot pull, which the build would take for the value.
    assert "SECRET" not in pulled


@pytest.mark.parametrize(
    ("name", "value"), [("VERCEL_TOKEN", "wrong"), ("VERCEL_TOKEN", ""), ("VERCEL_PROJECT_ID", "prj_other")]
)
def test_the_web_job_fails_at_its_first_command_where_a_secret_is_wrong(
    vercel: tuple[httpx.Client, str], checkout: Path, name: str, value: str
) -> None:
    client, path = vercel
    result = perform("web", checkout, secrets_of(client) | {name: value}, path)
    assert [process.returncode for process in result] == [1], result[-1].stdout + result[-1].stderr
    assert deployments(client) == []


@pytest.mark.parametrize(("status", "code"), [(200, 0), (202, 0), (401, 22), (404, 22), (500, 22)])
def test_the_worker_job_posts_the_hook_and_believes_its_status(checkout: Path, status: int, code: int) -> None:
    paths: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            paths.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        hook = f"http://127.0.0.1:{server.server_port}/deploy/srv-x?key=canary&ref=a"
        (result,) = perform("worker", checkout, {"RENDER_DEPLOY_HOOK_URL": hook})
        server.shutdown()
    assert result.returncode == code
    assert paths == ["/deploy/srv-x?key=canary&ref=a"]
    assert "canary" not in result.stdout + result.stderr


def test_the_worker_job_fails_without_its_secret(checkout: Path) -> None:
    (result,) = perform("worker", checkout, {"RENDER_DEPLOY_HOOK_URL": ""})
    assert result.returncode != 0
