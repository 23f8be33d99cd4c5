"""What a person does on GitHub's pages, by the scenarios of the control API: archive, disable, use the minutes up, run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from tests.sandbox.github.test_runs import WEB, all_secrets, worker

if TYPE_CHECKING:
    from tests.sandbox.github.conftest import GitHub

__all__ = ["worker"]


def made(github: GitHub, scenario: str) -> None:
    github.sandbox.control.post(f"/scenarios/{scenario}", timeout=30).raise_for_status()


def test_an_archived_repository_can_be_read_and_not_written(github: GitHub) -> None:
    made(github, "ci-repository")
    assert github.api.get(github.repo).json()["archived"] is True
    refused = github.push()
    assert refused.status_code == 403
    assert refused.json()["message"] == "Repository was archived so is read-only."
    assert github.put_secret("NAME", "value") == 403
    made(github, "ci-repository/by-hand")
    assert github.push().status_code == 201


def test_a_disabled_workflow_is_started_by_nothing(github: GitHub, worker: dict[str, str]) -> None:
    all_secrets(github, worker["hook"])
    github.push()
    github.finished()
    made(github, "ci-not-triggered")
    assert github.api.get(f"{github.repo}/actions/workflows/deploy.yml").json()["state"] == "disabled_manually"
    path = f"{github.repo}/actions/workflows/deploy.yml/dispatches"
    with github.token(actions="write") as api:
        assert api.post(path, json={"ref": "main"}).status_code == 422
        assert len(github.runs()) == 1
    made(github, "ci-not-triggered/by-hand")
    assert github.finished()["conclusion"] == "success"
    assert len(github.runs()) == 2


def test_without_minutes_a_run_stays_queued(github: GitHub) -> None:
    github.push()
    github.finished()
    made(github, "ci-run-slow")
    assert github.runs()[0]["status"] == "queued"
    made(github, "ci-run-slow/by-hand")
    github.finished()


def test_a_run_that_is_run_again_is_another_attempt_with_the_secrets_as_they_are(
    github: GitHub, worker: dict[str, str]
) -> None:
    all_secrets(github, worker["hook"])
    github.push()
    github.finished()
    made(github, "ci-render")
    failed = github.finished()
    assert github.jobs(failed)["worker"] == "failure: curl: (22) The requested URL returned error: 401"
    assert github.steps(failed, "worker") == {'Run curl --fail --silent --show-error -X POST "$HOOK"': "failure"}
    all_secrets(github, "http://127.0.0.1:9/other?key=x")
    made(github, "ci-render/by-hand")
    again = github.finished()
    assert again["id"] == failed["id"]
    assert again["run_attempt"] == 2
    assert again["created_at"] == failed["created_at"]
    assert github.jobs(again)["worker"] == "failure: curl: (7) Failed to connect"


def test_a_push_that_does_not_build_fails_at_the_build(github_with_vercel: GitHub) -> None:
    github, exports = github_with_vercel, github_with_vercel.sandbox.exports
    headers = {"Authorization": f"Bearer {exports['VERCEL_TOKEN']}"}
    url = f"{exports['VERCEL_API_URL']}/v11/projects?teamId={exports['VERCEL_TEAM_ID']}"
    project = httpx.post(url, json={"name": "web"}, headers=headers, trust_env=False).json()["id"]
    values = (exports["VERCEL_TOKEN"], exports["VERCEL_TEAM_ID"], project)
    for name, value in zip(WEB, values, strict=True):
        github.put_secret(name, value)
    github.push()
    made(github, "ci-vercel")
    run = github.finished()
    assert github.jobs(run)["web"] == 'failure: vercel build: Command "npm run build" exited with 1'
    assert list(github.steps(run, "web").values()) == ["success", "success", "failure"]
