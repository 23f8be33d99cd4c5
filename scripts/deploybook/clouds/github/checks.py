"""The claims of the CI/CD section, each as a test: None or a detail if it holds, an error if not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from deploybook.clouds.github import schema
from deploybook.clouds.github.client import GitHub
from deploybook.clouds.github.resources import RepositorySecret, WorkflowFile
from deploybook.clouds.github.runs import COMPLETED, SUCCESS, RunState, newest, settled
from deploybook.clouds.github.target import Target
from deploybook.errors import Conflict, NotFound, UnexpectedResponse, VerificationFailed, link_to

if TYPE_CHECKING:
    from deploybook.clouds.render.client import Render
    from deploybook.clouds.vercel.client import Vercel

JOBS = ("web", "worker")
# A job that lost its own request fails for good: nothing but another run deploys.
DEPLOY_AGAIN = "deploybook run ci_cd --mode apply -p redeploy true"
ENTRIES = {"web": "ci-vercel", "worker": "ci-render"}
# Conclusions of a step or a job that are nothing to look into.
HARMLESS = frozenset({SUCCESS, "skipped", "neutral", ""})


def token_sees_repository(github: GitHub, target: Target) -> str:
    """The token is valid, and the repository visible to it and in use."""
    try:
        repository = github.repository(target.repository)
    except NotFound as error:
        hint = "Check the name; else edit the token in GITHUB_TOKEN and tick this repository under Repository access."
        raise NotFound("GitHub", error.operation, error.message, hint, "ci-repository", error.status) from None
    for state in ("archived", "disabled"):
        if getattr(repository, state):
            message = f"The repository {repository.full_name} is {state}: nothing can be changed in it."
            hint = "Unarchive it, or name the one that is in use."
            raise Conflict("GitHub", "read the repository", message, hint, "ci-repository")
    visibility = "private" if repository.private else "public"
    if repository.full_name.lower() == target.repository.lower():
        return f"{repository.full_name}, {visibility}"
    see = link_to("ci-repository-renamed")
    return (
        f"{target.repository} is now {repository.full_name}: set that with -p git_repository, see {see}; {visibility}"
    )


def branch_is_there(github: GitHub, target: Target) -> str:
    """The production branch exists."""
    branch = github.branch(target.repository, target.branch)
    if branch is None:
        message = f"{target.repository} has no branch {target.branch}."
        hint = "Push it, or name another with -p production_branch."
        raise NotFound("GitHub", "read the branch", message, hint, "ci-repository", 404)
    return "protected: the workflow file may have to come by a pull request" if branch.protected else ""


def secrets_can_be_listed(github: GitHub, target: Target) -> str:
    """The token has the Secrets permission. Only a write shows whether it may write."""
    return f"{len(github.secrets(target.repository))} there"


def last_run(github: GitHub, workflow: WorkflowFile) -> str:
    """The token has the Actions permission. The result of the last run is shown, and does not matter here."""
    run = newest(github, workflow)
    if run is None:
        return "none yet"
    return f"number {run.number}, {run.conclusion or run.status}, {run.created:%Y-%m-%d %H:%M} UTC"


def secrets_are_set(github: GitHub, target: Target, secrets: Iterable[RepositorySecret]) -> str:
    """GitHub lists every one, none set by others since."""
    wanted = list(secrets)
    listed = github.secrets(target.repository)
    for secret in wanted:
        if problem := secret.problem(listed):
            raise VerificationFailed(
                f"The secret {secret.variable} of {target.repository} is not as it should be.",
                "Run deploybook run ci_cd --mode apply: it sets it from the vault.",
                "ci-secrets",
                "set by deploybook, from the vault",
                problem,
            )
    return ", ".join(secret.variable for secret in wanted)


def workflow_is_active(github: GitHub, workflow: WorkflowFile) -> str:
    """GitHub knows the workflow, and nobody (nor 60 days without activity) has disabled it."""
    state = github.workflow(workflow.target.repository, workflow.file)
    if state is None or state.state != "active":
        raise VerificationFailed(
            f"The workflow {workflow.path} does not start at a push.",
            "Open the repository's Actions page: enable Actions, then the workflow.",
            "ci-not-triggered",
            "active",
            state.state if state else "not known to GitHub",
        )
    return state.name


def deployed_both(github: GitHub, workflow: WorkflowFile, minutes: float) -> str:
    """The newest run on the production branch succeeded in both jobs; a failure names its job and step.

    A run that is still within its ``minutes`` is not judged yet: the one before it is.
    """
    run = settled(github, workflow, minutes)
    if run is None:
        message, hint = "GitHub Actions has not deployed yet.", "Push a commit, then verify again."
        raise VerificationFailed(message, hint, "ci-not-triggered", COMPLETED, "no run")
    if run.status != COMPLETED:
        message, hint = "The latest deploy by GitHub Actions is not finished.", f"Wait for it: {run.page}."
        raise VerificationFailed(message, hint, "ci-run-slow", COMPLETED, run.status)
    jobs = github.jobs(workflow.target.repository, run.id)
    ended = {job.name: job.conclusion for job in jobs}
    bad = next((name for name in (*ended, *JOBS) if ended.get(name) != SUCCESS), "") if ended else ""
    if run.conclusion != SUCCESS or bad:
        raise _failed(run, bad, jobs)
    return f"run {run.number}: {', '.join(ended)}"


def web_was_deployed(vercel: Vercel, vault_values: Mapping[str, SecretStr], run: RunState) -> str:
    """Vercel has a ready production deployment that is younger than the run."""
    since = run.created.timestamp() * 1000
    for deployment in vercel.production_deployments(vault_values["VERCEL_PROJECT_ID"].get_secret_value()):
        if deployment.state == "READY" and deployment.created >= since:
            return deployment.id
    raise VerificationFailed(
        f"Run {run.number} succeeded, but Vercel has made no production deployment since it began.",
        "Compare VERCEL_PROJECT_ID with the project whose domain you serve, correct it, and "
        f"choose Re-run jobs on {run.page}.",
        "ci-vercel",
    )


def worker_was_deployed(render: Render, vault_values: Mapping[str, SecretStr], run: RunState) -> str:
    """Render has a deploy of the hook's worker that the hook started, and that is younger than the run."""
    service = urlsplit(vault_values["RENDER_DEPLOY_HOOK_URL"].get_secret_value()).path.rpartition("/")[2]
    for deploy in render.deploys(service, since=run.created):
        if deploy.trigger == "deploy_hook":
            return f"{deploy.id}, {deploy.status}"
    raise VerificationFailed(
        f"Run {run.number} succeeded, but no deploy of {service} was started by its hook since.",
        "Copy the deploy hook again, then run read -rs RENDER_DEPLOY_HOOK_URL && export RENDER_DEPLOY_HOOK_URL && "
        "deploybook run render ci_cd --mode apply -p import_from RENDER_DEPLOY_HOOK_URL; "
        # Nothing has changed then, and apply starts no run.
        f"if the hook is the one that you had, choose Re-run jobs on {run.page}.",
        "ci-render",
    )


def _failed(run: RunState, job: str, jobs: list[schema.Job]) -> UnexpectedResponse:
    """An error that is not waited away: a finished run stays as it is."""
    message = f"Run {run.number} of the deploy workflow ended as {run.conclusion}{_place(job, jobs)}."
    again = f"choose Re-run jobs there, or run {DEPLOY_AGAIN} if the token has Actions: read and write"
    hint = f"Fix what its log says ({run.page}), then {again}."
    return UnexpectedResponse("GitHub", "deploy", message, hint, ENTRIES.get(job, "ci-workflow-file"))


def _place(job: str, jobs: list[schema.Job]) -> str:
    wanted = next((candidate for candidate in jobs if candidate.name == job), None)
    if wanted is None:
        return f", but has no job {job}" if job else ", without a job: GitHub could not read the file"
    step = next((step for step in wanted.steps if step.conclusion not in HARMLESS), None)
    return f" in job {job}" + (f", step {step.name!r}" if step else "")
