"""A run's web job, against the sandbox's Vercel: the token is tried there and the commit is really deployed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.sandbox.github.conftest import GitHub

WEB_ONLY = """\
on: {push: {branches: [main]}}
jobs:
  web:
    runs-on: ubuntu-latest
    env: {VERCEL_ORG_ID: "${{ secrets.VERCEL_ORG_ID }}", VERCEL_PROJECT_ID: "${{ secrets.VERCEL_PROJECT_ID }}"}
    steps: [{run: 'vercel deploy --prebuilt --prod --token="${{ secrets.VERCEL_TOKEN }}"'}]
"""


@pytest.fixture
def vercel(github_with_vercel: GitHub) -> Iterator[httpx.Client]:
    """A client of Vercel; GitHub holds the three secrets of its one project."""
    exports = github_with_vercel.sandbox.exports
    headers, team = {"Authorization": f"Bearer {exports['VERCEL_TOKEN']}"}, exports["VERCEL_TEAM_ID"]
    base = exports["VERCEL_API_URL"]
    with httpx.Client(base_url=base, headers=headers, params={"teamId": team}, trust_env=False) as vercel:
        project = vercel.post("/v11/projects", json={"name": "web", "framework": "nextjs"}).json()["id"]
        values = {"VERCEL_TOKEN": exports["VERCEL_TOKEN"], "VERCEL_ORG_ID": team, "VERCEL_PROJECT_ID": project}
        for name, value in values.items():
            github_with_vercel.put_secret(name, value)
        yield vercel


def deployments(vercel: httpx.Client) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = vercel.get("/v6/deployments", params={"app": "web"}).json()["deployments"]
    return listed


def test_a_push_deploys_its_commit_to_production(github_with_vercel: GitHub, vercel: httpx.Client) -> None:
    github = github_with_vercel
    sha = github.push(WEB_ONLY).json()["commit"]["sha"]
    run = github.finished()
    assert run["conclusion"] == "success"
    assert github.jobs(run) == {"web": "success: done"}
    made = deployments(vercel)
    assert [(one["target"], one["meta"]["githubCommitSha"]) for one in made] == [("production", sha)]


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("VERCEL_TOKEN", "wrong", "answered 403"),
        ("VERCEL_TOKEN", "with a line break\n", "vercel pull:"),
        ("VERCEL_ORG_ID", "team_other", "answered 403"),
        ("VERCEL_PROJECT_ID", "prj_other", "answered 404"),
    ],
)
def test_a_wrong_secret_fails_the_job(
    github_with_vercel: GitHub, vercel: httpx.Client, name: str, value: str, word: str
) -> None:
    github = github_with_vercel
    github.put_secret(name, value)
    github.push(WEB_ONLY)
    run = github.finished()
    assert run["conclusion"] == "failure"
    assert word in github.jobs(run)["web"]
    assert deployments(vercel) == []
