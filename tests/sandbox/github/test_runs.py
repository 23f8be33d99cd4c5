"""Workflows and their runs, whose conclusions come from what the jobs really reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.waiting import until

from deploybook.sandbox.github.state.workflows import parse

if TYPE_CHECKING:
    from tests.sandbox.github.conftest import GitHub

WEB = ("VERCEL_TOKEN", "VERCEL_ORG_ID", "VERCEL_PROJECT_ID")


@pytest.fixture
def worker(github: GitHub) -> dict[str, str]:
    """A Render worker that is live: its id, its API and its deploy hook."""
    exports = github.sandbox.exports
    headers = {"Authorization": f"Bearer {exports['RENDER_API_KEY']}"}
    with httpx.Client(base_url=exports["RENDER_API_URL"], headers=headers, trust_env=False) as api:
        owner = api.get("/owners").json()[0]["owner"]["id"]
        body = {
            "type": "background_worker",
            "name": "studio-worker",
            "ownerId": owner,
            "repo": "https://github.com/studio/app",
            "envVars": [{"key": "TURSO_DATABASE_URL", "value": "libsql://x"}],
            "serviceDetails": {
                "runtime": "docker",
                "plan": "starter",
                "envSpecificDetails": {"dockerfilePath": "worker/Dockerfile"},
            },
        }
        service = api.post("/services", json=body).json()["service"]["id"]
        page = api.get(exports["RENDER_API_URL"].replace("/v1", f"/dashboard/{service}/settings")).text
    return {"id": service, "hook": page.partition('<code id="deploy-hook">')[2].partition("</code>")[0]}


def hook_calls(github: GitHub) -> list[int]:
    return [entry["status"] for entry in github.sandbox.journal("render") if entry["path"].startswith("/deploy/")]


def all_secrets(github: GitHub, hook: str) -> None:
    for name in WEB:
        github.put_secret(name, "x")
    github.put_secret("RENDER_DEPLOY_HOOK_URL", hook)


def test_a_push_of_the_workflow_runs_it_and_calls_the_hook(github: GitHub, worker: dict[str, str]) -> None:
    all_secrets(github, worker["hook"])
    pushed = github.push().json()["commit"]["sha"]
    first = github.runs()[0]
    assert first["status"] == "queued"
    assert first["conclusion"] is None
    assert first["event"] == "push"
    run = github.finished()
    assert run["conclusion"] == "success"
    assert run["head_sha"] == pushed
    assert run["path"] == ".github/workflows/deploy.yml"
    assert github.jobs(run) == {"web": "success: done", "worker": "success: done"}
    assert hook_calls(github) == [200]


def test_a_run_passes_through_its_states(github: GitHub) -> None:
    with github.sandbox.stopped_clock() as step:
        github.push()
        for state in ("queued", "in_progress", "completed"):
            until(lambda: github.runs()[0]["status"] == state, f"the state {state}")  # noqa: B023 - called at once
            if state != "completed":
                step()


@pytest.mark.parametrize("missing", [*WEB, "RENDER_DEPLOY_HOOK_URL"])
def test_a_missing_secret_fails_its_job_only(github: GitHub, worker: dict[str, str], missing: str) -> None:
    all_secrets(github, worker["hook"])
    github.api.delete(f"{github.repo}/actions/secrets/{missing}")
    github.push()
    run = github.finished()
    steps = github.jobs(run)
    failed = "worker" if missing.startswith("RENDER") else "web"
    assert run["conclusion"] == "failure"
    assert f"{missing} is empty" in steps.pop(failed)
    assert list(steps.values()) == ["success: done"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda hook: hook + "x", "returned error: 401"),
        (lambda hook: hook + "\n", "Malformed input"),
        (lambda _: "https://api.render.com/deploy/srv-x?key=y", "loopback only"),
        (lambda _: "http://127.0.0.1:1/deploy/srv-x?key=y", "Failed to connect"),
    ],
)
def test_a_wrong_hook_fails_the_worker_job(github: GitHub, worker: dict[str, str], change: Any, word: str) -> None:
    all_secrets(github, change(worker["hook"]))
    github.push()
    assert word in github.jobs(github.finished())["worker"]


def test_without_fail_curl_hides_a_refused_hook(github: GitHub, worker: dict[str, str]) -> None:
    all_secrets(github, worker["hook"] + "x")
    github.push(WORKFLOW_WITHOUT_FAIL)
    assert github.finished()["conclusion"] == "success"
    assert hook_calls(github) == [401]


WORKFLOW_WITHOUT_FAIL = """\
on: {push: {branches: [main]}}
jobs:
  worker:
    runs-on: ubuntu-latest
    steps: [{run: 'curl -X POST "${{ secrets.RENDER_DEPLOY_HOOK_URL }}"'}]
"""


def test_a_job_that_is_not_understood_fails_loudly(github: GitHub) -> None:
    github.push("on: push\njobs: {lint: {runs-on: ubuntu-latest, steps: [{run: make lint}]}}\n")
    run = github.finished()
    assert run["conclusion"] == "failure"
    assert ("not implemented in the sandbox" in github.jobs(run)["lint"]) is True


@pytest.mark.parametrize("content", ["on: [push", "on: push\n", "jobs: {a: {runs-on: x, steps: []}}", "- a list"])
def test_a_file_that_cannot_be_run_fails_at_once(github: GitHub, content: str) -> None:
    github.push(content)
    run = github.runs()[0]
    assert run["status"] == "completed"
    assert run["conclusion"] == "failure"
    assert github.api.get(run["jobs_url"]).json() == {"total_count": 0, "jobs": []}


def test_a_push_to_another_branch_starts_nothing(github: GitHub) -> None:
    sha = github.api.get(f"{github.repo}/git/ref/heads/main").json()["object"]["sha"]
    github.api.post(f"{github.repo}/git/refs", json={"ref": "refs/heads/next", "sha": sha})
    github.push(branch="next")
    assert github.runs() == []
    assert github.api.get(f"{github.repo}/actions/workflows").json()["total_count"] == 0


def test_a_workflow_in_the_wrong_folder_is_none(github: GitHub) -> None:
    github.push(path="workflows/deploy.yml")
    github.push(path=".github/workflows/nested/deploy.yml")
    assert github.runs() == []
    assert github.api.get(f"{github.repo}/actions/workflows").json()["workflows"] == []


def test_any_later_push_to_the_branch_runs_it_again(github: GitHub) -> None:
    github.push()
    github.finished()
    github.push("text", "docs/a.md")
    assert [run["run_number"] for run in github.runs()] == [2, 1]


def test_a_workflow_is_found_by_id_and_by_file_name(github: GitHub) -> None:
    github.push()
    listed = github.api.get(f"{github.repo}/actions/workflows").json()["workflows"]
    assert [(workflow["name"], workflow["state"]) for workflow in listed] == [("Deploy", "active")]
    for key in (listed[0]["id"], "deploy.yml"):
        assert github.api.get(f"{github.repo}/actions/workflows/{key}").json() == listed[0]
        runs = github.api.get(f"{github.repo}/actions/workflows/{key}/runs").json()
        assert runs["total_count"] == 1
    assert github.api.get(f"{github.repo}/actions/workflows/absent.yml").status_code == 404
    assert github.api.get(f"{github.repo}/actions/runs/1").status_code == 404


def test_runs_are_filtered(github: GitHub) -> None:
    github.push()
    github.finished()
    for query in ({"branch": "main"}, {"event": "push"}, {"status": "completed"}, {"status": "failure"}):
        assert len(github.runs(**query)) == 1
    for query in ({"branch": "next"}, {"event": "schedule"}, {"status": "success"}, {"head_sha": "x"}):
        assert github.runs(**query) == []
    assert github.api.get(f"{github.repo}/actions/runs", params={"created": ">2020"}).status_code == 501


def test_dispatch_starts_a_run_for_a_token_that_may(github: GitHub) -> None:
    github.push()
    github.finished()
    path = f"{github.repo}/actions/workflows/deploy.yml/dispatches"
    with github.token(actions="write") as allowed:
        assert allowed.post(path, json={"ref": "main"}).status_code == 204
        detailed = allowed.post(path, json={"ref": "main", "return_run_details": True})
        assert detailed.status_code == 200
        run = github.api.get(detailed.json()["run_url"]).json()
        assert run["id"] == detailed.json()["workflow_run_id"]
        assert run["event"] == "workflow_dispatch"
        assert allowed.post(path, json={"ref": "absent"}).status_code == 422
        assert allowed.post(path, json={"ref": "main", "inputs": {"x": "1"}}).status_code == 422
        assert allowed.post(path, json={}).status_code == 422


def test_dispatch_wants_the_trigger_in_the_file(github: GitHub) -> None:
    github.push(WORKFLOW_WITHOUT_FAIL)
    with github.token(actions="write") as allowed:
        path = f"{github.repo}/actions/workflows/deploy.yml/dispatches"
        refused = allowed.post(path, json={"ref": "main"})
    assert refused.status_code == 422
    assert refused.json()["message"] == "Workflow does not have 'workflow_dispatch' trigger"


def test_a_concurrency_group_runs_one_and_keeps_the_newest_waiting(github: GitHub) -> None:
    with github.sandbox.stopped_clock():
        github.push()
        for name in ("a", "b"):
            github.push("x", f"{name}.md")
        states = [(run["status"], run["conclusion"]) for run in github.runs()]
    assert states == [("pending", None), ("completed", "cancelled"), ("queued", None)]
    assert github.finished()["run_number"] == 3


def test_cancel_in_progress_ends_the_run_before(github: GitHub) -> None:
    text = WORKFLOW_WITHOUT_FAIL + "concurrency: {group: deploy, cancel-in-progress: true}\n"
    with github.sandbox.stopped_clock():
        github.push(text)
        github.push("x", "a.md")
    assert github.finished()["run_number"] == 2
    assert github.runs()[1]["conclusion"] == "cancelled"


@pytest.mark.parametrize(
    ("push", "branch", "paths", "runs"),
    [
        ("{branches: [main]}", "main", ["a"], True),
        ("{branches: [main]}", "next", ["a"], False),
        ("{branches: ['release/*', '!release/old']}", "release/old", ["a"], False),
        ("{branches-ignore: [main]}", "main", ["a"], False),
        ("{tags: ['v*']}", "main", ["a"], False),
        ("{paths: ['worker/*']}", "main", ["worker/a", "b"], True),
        ("{paths: ['worker/*']}", "main", ["b"], False),
        ("{paths-ignore: ['docs/*']}", "main", ["docs/a"], False),
        ("{paths-ignore: ['docs/*']}", "main", ["docs/a", "b"], True),
    ],
)
def test_push_filters(push: str, branch: str, paths: list[str], runs: bool) -> None:
    text = f"on: {{push: {push}}}\njobs: {{a: {{runs-on: x, steps: []}}}}"
    assert parse("a.yml", text.encode()).runs_on_push(branch, paths) is runs
