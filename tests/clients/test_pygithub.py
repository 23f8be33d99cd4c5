"""PyGithub, a client that we did not write, does the whole CI/CD section's job against the sandbox's GitHub."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from github import Auth, Github, GithubException, UnknownObjectException
from github.GithubException import BadCredentialsException
from github.Repository import Repository
from tests.waiting import until

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

pytestmark = pytest.mark.client

PATH = ".github/workflows/deploy.yml"
WORKFLOW = """\
name: Deploy
on: {push: {branches: [main]}, workflow_dispatch: }
jobs:
  web:
    runs-on: ubuntu-latest
    env:
      VERCEL_ORG_ID: ${{ secrets.VERCEL_ORG_ID }}
      VERCEL_PROJECT_ID: ${{ secrets.VERCEL_PROJECT_ID }}
    steps: [{run: 'vercel deploy --prebuilt --prod --token="${{ secrets.VERCEL_TOKEN }}"'}]
  worker:
    runs-on: ubuntu-latest
    steps: [{run: 'curl --fail -X POST "${{ secrets.RENDER_DEPLOY_HOOK_URL }}"'}]
"""


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    sandbox = start_sandbox("github")
    sandbox.reset()
    return sandbox


def client(sandbox: RunningSandbox, token: str) -> Github:
    return Github(
        base_url=sandbox.exports["GITHUB_API_URL"],
        auth=Auth.Token(token),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )


@pytest.fixture
def repo(sandbox: RunningSandbox) -> Iterator[Repository]:
    with client(sandbox, sandbox.exports["GITHUB_TOKEN"]) as github:
        yield github.get_repo(sandbox.exports["GITHUB_REPOSITORY"])


def test_the_repository_is_read(repo: Repository) -> None:
    assert repo.default_branch == "main"
    assert repo.private is True
    assert repo.get_branch("main").commit.sha == repo.get_git_ref("heads/main").object.sha
    readme = repo.get_contents("README.md")
    assert not isinstance(readme, list)
    assert readme.decoded_content == b"# Studio\n"


def test_secrets_are_sealed_listed_over_pages_and_deleted(repo: Repository, sandbox: RunningSandbox) -> None:
    for number in range(35):
        repo.create_secret(f"SECRET_{number:02}", f"value {number}")
    names = [secret.name for secret in repo.get_secrets()]
    assert names == [f"SECRET_{number:02}" for number in range(35)]
    repo.create_secret("SECRET_00", "changed")
    assert repo.get_secret("SECRET_00").updated_at is not None
    assert repo.delete_secret("SECRET_00")
    with pytest.raises(UnknownObjectException):
        repo.get_secret("SECRET_00").update()


def test_a_workflow_file_is_written_changed_and_deleted(repo: Repository) -> None:
    created = repo.create_file(PATH, "Add the deploy workflow", WORKFLOW, branch="main")
    content = repo.get_contents(PATH)
    assert not isinstance(content, list)
    assert content.decoded_content.decode() == WORKFLOW
    assert repo.get_branch("main").commit.sha == created["commit"].sha
    with pytest.raises(GithubException) as refused:
        repo.update_file(PATH, "Stale", "x", "0" * 40)
    assert refused.value.status == 409
    with pytest.raises(GithubException) as without:
        repo.create_file(PATH, "Again", "x")
    assert without.value.status == 422
    changed = repo.update_file(PATH, "Change it", WORKFLOW + "# changed\n", content.sha)
    repo.delete_file(PATH, "Remove it", changed["content"].sha)
    with pytest.raises(UnknownObjectException):
        repo.get_contents(PATH)


def test_a_run_is_followed_to_its_conclusion(repo: Repository) -> None:
    repo.create_file(PATH, "Add the deploy workflow", WORKFLOW)
    workflow = repo.get_workflow("deploy.yml")
    assert workflow.name == "Deploy"
    assert workflow.state == "active"
    run = workflow.get_runs()[0]
    until(lambda: repo.get_workflow_run(run.id).status == "completed", "the end of the run")
    run = repo.get_workflow_run(run.id)
    assert run.conclusion == "failure"
    assert run.event == "push"
    assert run.head_branch == "main"
    assert {job.name: job.conclusion for job in run.jobs()} == {"web": "failure", "worker": "failure"}


def test_dispatch_is_refused_to_a_token_that_only_reads_actions(repo: Repository) -> None:
    repo.create_file(PATH, "Add the deploy workflow", WORKFLOW)
    with pytest.raises(GithubException) as refused:
        repo.get_workflow("deploy.yml").create_dispatch("main", throw=True)
    assert refused.value.status == 403


def test_a_wrong_token_is_refused(sandbox: RunningSandbox) -> None:
    with client(sandbox, "github_pat_wrong") as github, pytest.raises(BadCredentialsException):
        github.get_repo(sandbox.exports["GITHUB_REPOSITORY"])


def test_another_repository_is_not_found(sandbox: RunningSandbox) -> None:
    with client(sandbox, sandbox.exports["GITHUB_TOKEN"]) as github, pytest.raises(UnknownObjectException):
        github.get_repo("studio/other")
