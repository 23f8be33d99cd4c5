"""A started GitHub beside a Render, reset for each test."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from nacl.public import PublicKey, SealedBox
from tests.waiting import until

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

PATH = ".github/workflows/deploy.yml"
WORKFLOW = """\
name: Deploy
on:
  push:
    branches: [main]
  workflow_dispatch:
concurrency:
  group: deploy-${{ github.ref }}
  cancel-in-progress: false
jobs:
  web:
    runs-on: ubuntu-latest
    env:
      VERCEL_ORG_ID: ${{ secrets.VERCEL_ORG_ID }}
      VERCEL_PROJECT_ID: ${{ secrets.VERCEL_PROJECT_ID }}
    steps:
      - uses: actions/checkout@v4
      - run: npx vercel pull --yes --environment=production --token="$VERCEL_TOKEN"
        env: {VERCEL_TOKEN: "${{ secrets.VERCEL_TOKEN }}"}
      - run: |
          npx vercel build --prod --token="${{ secrets.VERCEL_TOKEN }}"
          npx vercel deploy --prebuilt --prod --token="${{ secrets.VERCEL_TOKEN }}"
  worker:
    runs-on: ubuntu-latest
    steps:
      - run: curl --fail --silent --show-error -X POST "$HOOK"
        env: {HOOK: "${{ secrets.RENDER_DEPLOY_HOOK_URL }}"}
"""


@dataclass
class GitHub:
    """The sandbox seen by a test."""

    api: httpx.Client
    sandbox: RunningSandbox
    repo: str

    def seal(self, value: str) -> dict[str, str]:
        """A body for ``PUT …/secrets/{name}``."""
        key = self.api.get(f"{self.repo}/actions/secrets/public-key").json()
        sealed = SealedBox(PublicKey(base64.b64decode(key["key"]))).encrypt(value.encode())
        return {"encrypted_value": base64.b64encode(sealed).decode(), "key_id": key["key_id"]}

    def put_secret(self, name: str, value: str) -> int:
        """Set a secret; the answer's status."""
        return self.api.put(f"{self.repo}/actions/secrets/{name}", json=self.seal(value)).status_code

    def push(self, content: str = WORKFLOW, path: str = PATH, **fields: Any) -> httpx.Response:
        """Write a file."""
        encoded = base64.b64encode(content.encode()).decode()
        body = {"message": f"Write {path}", "content": encoded} | fields
        return self.api.put(f"{self.repo}/contents/{path}", json=body)

    def runs(self, **query: str) -> list[dict[str, Any]]:
        """The runs, newest first."""
        runs: list[dict[str, Any]] = self.api.get(f"{self.repo}/actions/runs", params=query).json()["workflow_runs"]
        return runs

    def finished(self) -> dict[str, Any]:
        """The newest run once it is completed."""
        return until(
            lambda: next((run for run in self.runs()[:1] if run["status"] == "completed"), None), "the end of the run"
        )

    def jobs(self, run: dict[str, Any]) -> dict[str, str]:
        """Each job of a run: its conclusion, and its log."""
        jobs = self.api.get(run["jobs_url"]).json()["jobs"]
        logs = {job["name"]: f"{self.repo}/actions/jobs/{job['id']}/logs" for job in jobs}
        return {
            job["name"]: f"{job['conclusion']}: {self.api.get(logs[job['name']], follow_redirects=True).text}"
            for job in jobs
        }

    def steps(self, run: dict[str, Any], job: str) -> dict[str, str]:
        """Each step of a job, with its conclusion."""
        jobs = self.api.get(run["jobs_url"]).json()["jobs"]
        wanted = next(candidate for candidate in jobs if candidate["name"] == job)
        return {step["name"]: step["conclusion"] for step in wanted["steps"]}

    def token(self, **permissions: str) -> httpx.Client:
        """A client with a further token, made on the web page as a person would."""
        page = self.api.post("/settings/personal-access-tokens/new", data=permissions).text
        value = page.partition('<code id="new-oauth-token">')[2].partition("</code>")[0]
        return httpx.Client(base_url=self.api.base_url, headers={"Authorization": f"Bearer {value}"}, trust_env=False)


@contextmanager
def _opened(sandbox: RunningSandbox) -> Iterator[GitHub]:
    sandbox.reset()
    headers = {
        "Authorization": f"Bearer {sandbox.exports['GITHUB_TOKEN']}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    with httpx.Client(base_url=sandbox.exports["GITHUB_API_URL"], headers=headers, trust_env=False) as api:
        yield GitHub(api, sandbox, f"/repos/{sandbox.exports['GITHUB_REPOSITORY']}")


@pytest.fixture
def github(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[GitHub]:
    """GitHub as it is after start, beside a Render."""
    with _opened(start_sandbox("render", "github")) as github:
        yield github


@pytest.fixture
def github_with_vercel(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[GitHub]:
    """GitHub as it is after start, beside a Vercel."""
    with _opened(start_sandbox("vercel", "github")) as github:
        yield github
