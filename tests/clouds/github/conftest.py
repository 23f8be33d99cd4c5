"""GitHub's client against a sandbox, and the hands of a person beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from tests.clouds.conftest import Connect
from tests.conftest import RunningSandbox

from deploybook.clouds.connections import Connections
from deploybook.clouds.github import Target, WorkflowFile
from deploybook.state.last_writes import LastWrites

PATH = ".github/workflows/deploy.yml"
MAIN = Target("studio/app", "main")
# Secrets with which both jobs end well where the sandbox has no Vercel; the hook's port answers nobody.
REFUSED_HOOK = "http://127.0.0.1:9/deploy/srv-none?key=canary"


@dataclass
class Hands:
    """What tests do beside the code under test."""

    sandbox: RunningSandbox
    clouds: Connections
    connect: Callable[..., Connections]

    def token(self, **permissions: str) -> Connections:
        """Connections with a further token, made on the web page as a person would."""
        url = f"{self.sandbox.exports['GITHUB_API_URL']}/settings/personal-access-tokens/new"
        headers = {"Authorization": f"Bearer {self.sandbox.exports['GITHUB_TOKEN']}"}
        page = httpx.post(url, data=permissions, headers=headers, trust_env=False).text
        value = page.partition('<code id="new-oauth-token">')[2].partition("</code>")[0]
        return self.connect(self.sandbox, GITHUB_TOKEN=value)

    def fault(self, kind: str, **fields: object) -> None:
        """Arm a fault of GitHub's."""
        self.sandbox.control.post("/faults", json={"service": "github", "kind": kind, **fields}).raise_for_status()

    def writes(self) -> list[str]:
        """The writing requests since the last time."""
        entries = [f"{entry['method']} {entry['path']}" for entry in self.sandbox.journal("github") if entry["writes"]]
        self.sandbox.control.delete("/journal")
        return [entry.replace("/repos/studio/app", "") for entry in entries]

    def secrets(self, hook: str = REFUSED_HOOK) -> None:
        """Set the four secrets by hand."""
        for name in ("VERCEL_TOKEN", "VERCEL_ORG_ID", "VERCEL_PROJECT_ID"):
            self.clouds.github.put_secret(MAIN.repository, name, SecretStr("canary-value"))
        self.clouds.github.put_secret(MAIN.repository, "RENDER_DEPLOY_HOOK_URL", SecretStr(hook))


@pytest.fixture
def hands(start_sandbox: Callable[..., RunningSandbox], connect: Connect) -> Iterator[Hands]:
    running = start_sandbox("github")
    running.reset()
    running.control.delete("/journal")
    yield Hands(running, connect(running), connect)
    running.control.delete("/faults")


@pytest.fixture
def clouds(hands: Hands) -> Connections:
    return hands.clouds


@pytest.fixture
def observed(tmp_path: Path) -> LastWrites:
    return LastWrites(tmp_path, "test")


@pytest.fixture
def workflow() -> WorkflowFile:
    return WorkflowFile(MAIN, PATH)
