"""Scenarios at GitHub: the repository, its secrets, the workflow and its runs."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from deploybook.sandbox.core.service import Context
from deploybook.sandbox.github.service import GitHubService
from deploybook.sandbox.github.state.repository import blob_sha
from deploybook.sandbox.github.state.tokens import OPERATOR_PERMISSIONS
from deploybook.sandbox.github.state.workflows import Run
from deploybook.sandbox.render.service import RenderService
from deploybook.sandbox.scenarios.registry import by_hand, scenario

WORKFLOW = ".github/workflows/deploy.yml"
PACKAGE = "package.json"
RENAMED = "studio/studio-app"


@scenario("ci-repository")
async def archived(context: Context) -> None:
    """Somebody chooses *Archive this repository* in its settings."""
    context.service(GitHubService).repository.archived = True


@by_hand("ci-repository")
async def unarchived(context: Context) -> None:
    """Choose *Unarchive this repository*."""
    context.service(GitHubService).repository.archived = False


@scenario("ci-repository-renamed")
async def renamed(context: Context) -> None:
    """Somebody gives the repository another name in its settings; GitHub redirects from the former one."""
    context.service(GitHubService).repository.rename(RENAMED.partition("/")[2])


@by_hand("ci-repository-renamed")
async def renamed_back(context: Context) -> None:
    """Give it its former name back."""
    context.service(GitHubService).repository.rename("app")


@scenario("ci-sso")
async def single_sign_on_enforced(context: Context) -> None:
    """The organization's owner chooses *Require SAML single sign-on*: tokens that nobody authorized are refused."""
    context.service(GitHubService).repository.enforces_saml = True


@by_hand("ci-sso")
async def token_authorized(context: Context) -> None:
    """Open the address, sign in, and authorize the token for the organization."""
    tokens = context.service(GitHubService).tokens
    tokens.authorized.add(tokens.operator.value)


@scenario("ci-secrets")
async def secret_moved(context: Context) -> None:
    """Somebody moves VERCEL_PROJECT_ID to the secrets of an environment, and deletes it among the repository's."""
    del context.service(GitHubService).repository.secrets["VERCEL_PROJECT_ID"]


@scenario("ci-workflow-file")
async def job_removed(context: Context) -> None:
    """Somebody takes the worker's job out of the workflow, because it is in their way, and pushes that."""
    content = _file(context, WORKFLOW)
    await _ended(context, _push(context, WORKFLOW, content.partition(b"\n  worker:")[0] + b"\n", "Deploy the web only"))


@scenario("ci-workflow-scope")
async def classic_token_without_the_scope(context: Context) -> None:
    """The token is a classic one without the scope *workflow*; and somebody has deleted the workflow."""
    others = {name: level for name, level in OPERATOR_PERMISSIONS.items() if name != "workflows"}
    context.service(GitHubService).tokens.edit_operator(others, classic=True)
    _push(context, WORKFLOW, None, "Deploy by hand")


@by_hand("ci-workflow-scope")
async def scope_ticked(context: Context) -> None:
    """Tick *workflow*."""
    context.service(GitHubService).tokens.edit_operator(OPERATOR_PERMISSIONS, classic=True)


@scenario("ci-not-triggered")
async def workflow_disabled(context: Context) -> None:
    """Somebody chooses *Disable workflow* on the Actions page; what is pushed afterwards starts nothing."""
    context.service(GitHubService).actions.workflow("deploy.yml").state = "disabled_manually"
    _push(context, "README.md", _file(context, "README.md") + b"\n", "Say more")


@by_hand("ci-not-triggered")
async def workflow_enabled(context: Context) -> None:
    """Choose *Enable workflow*, and push a commit."""
    context.service(GitHubService).actions.workflow("deploy.yml").state = "active"
    await _ended(context, _push(context, "README.md", _file(context, "README.md") + b"\n", "Say even more"))


@scenario("ci-vercel")
async def push_that_does_not_build(context: Context) -> None:
    """Somebody pushes a commit that the web app cannot be built from."""
    broken = b'{"scripts": {"build": "exit 1"}}\n'
    await _ended(context, _push(context, PACKAGE, broken, "Build otherwise"))


@by_hand("ci-vercel")
async def push_that_builds(context: Context) -> None:
    """Revert the commit, and push."""
    await _ended(context, _push(context, PACKAGE, None, "Revert"))


@scenario("ci-render")
async def hook_regenerated(context: Context) -> None:
    """Somebody presses *Regenerate hook* in the worker's settings; the next push calls the old one."""
    render = context.service(RenderService)
    render.dashboard_regenerate_hook(next(iter(render.cloud.workers)))
    await _ended(context, _push(context, "README.md", _file(context, "README.md") + b"\n", "Say more"))


@by_hand("ci-render")
async def run_again(context: Context) -> None:
    """Choose *Re-run jobs* → *Re-run all jobs* on the page of the run that failed."""
    runner = context.service(GitHubService).actions.runner
    runner.run_again(runner.runs[-1])
    await _ended(context, runner.runs[-1])


@scenario("ci-run-slow")
async def minutes_used_up(context: Context) -> None:
    """The account's minutes are used up; what was pushed forty minutes ago is queued still."""
    context.service(GitHubService).actions.runner.free.clear()
    run = _push(context, "README.md", _file(context, "README.md") + b"\n", "Say more")
    if run:
        run.created_at -= timedelta(minutes=40)


@by_hand("ci-run-slow")
async def minutes_bought(context: Context) -> None:
    """Raise the budget under *Billing and licensing*: the run begins."""
    context.service(GitHubService).actions.runner.free.set()


def _file(context: Context, path: str) -> bytes:
    repository = context.service(GitHubService).repository
    return repository.head(repository.default_branch).files[path]


def _push(context: Context, path: str, content: bytes | None, message: str) -> Run | None:
    """Commit a file's new content, or its removal, to the production branch; the run that this starts, if it starts one."""
    github = context.service(GitHubService)
    branch, runs = github.repository.default_branch, github.actions.runner.runs
    kept, before = github.repository.head(branch).files.get(path), len(runs)
    sha = None if kept is None else blob_sha(kept)
    commit = github.repository.write(path, content, branch=branch, sha=sha, message=message, author={})
    github.actions.pushed(branch, commit, path)
    return runs[-1] if len(runs) > before else None


async def _ended(context: Context, run: Run | None) -> None:
    """Wait for a run, and for the worker's deploy that it may have started: the scenario is looked at when both are over."""
    if run:
        await context.service(GitHubService).actions.runner.ended(run)
        render = context.services.get(RenderService.name)
        while isinstance(render, RenderService) and any(worker.under_way for worker in render.cloud.workers.values()):
            await asyncio.sleep(0.05)
