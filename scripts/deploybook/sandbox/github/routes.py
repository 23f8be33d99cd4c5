"""The operations of GitHub's API, and of its web pages."""

from __future__ import annotations

import base64
import binascii
import html
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from deploybook.sandbox.core.api import Answer, Operation, operation
from deploybook.sandbox.core.refusals import Refusal, not_implemented
from deploybook.sandbox.github.api import PAGE, PUBLIC, Call, Needs, check
from deploybook.sandbox.github.schema import (
    DispatchBody,
    FileBody,
    Json,
    RefBody,
    RemovedFileBody,
    SecretBody,
    SecretView,
)
from deploybook.sandbox.github.state.repository import invalid
from deploybook.sandbox.github.state.workflows import FOLDER, Run

Handler = Callable[[Call], Awaitable[Any]]


async def _user(call: Call) -> Json:
    return call.views.user()


async def _repository(call: Call) -> Json:
    return call.views.repository()


async def _branches(call: Call) -> list[Json]:
    return [call.views.branch(name) for name in call.page(sorted(call.state.repository.branches))]


async def _branch(call: Call) -> Json:
    name = call.path("branch")
    view = call.views.branch(name)
    view["commit"] |= {"commit": call.views.commit(call.state.repository.head(name))}
    return view


async def _ref(call: Call) -> Json:
    name = call.path("branch")
    if name not in call.state.repository.branches:
        raise Refusal(404, "Not Found")
    return call.views.ref(name)


async def _create_ref(call: Call) -> Json:
    """A branch at an existing commit."""
    repository, body = call.state.repository, await call.body(RefBody)
    prefix, _, name = body.ref.partition("refs/heads/")
    if prefix or not name:
        raise not_implemented("refs other than refs/heads/…")
    if name in repository.branches:
        raise Refusal(422, "Reference already exists")
    if body.sha not in repository.commits:
        raise Refusal(422, "Object does not exist")
    commit = repository.branches[name] = repository.commits[body.sha]
    call.state.actions.pushed(name, commit, *commit.files)
    return call.views.ref(name)


async def _delete_ref(call: Call) -> None:
    repository, name = call.state.repository, call.path("branch")
    if name not in repository.branches or name == repository.default_branch:
        raise Refusal(422, "Reference does not exist")
    del repository.branches[name]


async def _contents(call: Call) -> Any:
    """A file with its content, or a folder's entries."""
    path = call.request.path_params.get("path", "").strip("/")
    ref = call.query("ref") or call.state.repository.default_branch
    files = call.state.repository.resolve(ref).files
    if path in files:
        return call.views.file(path, files[path], ref)
    prefix = f"{path}/" if path else ""
    below = sorted(name.removeprefix(prefix) for name in files if name.startswith(prefix))
    if not below:
        raise Refusal(404, "Not Found")
    entries: dict[str, Json] = {}
    for name in below:
        first, deeper, _ = name.partition("/")
        whole = prefix + first
        entry = call.views.folder(whole, ref) if deeper else call.views.file(whole, files[whole], ref, whole=False)
        entries.setdefault(first, entry)
    return list(entries.values())


async def _put_contents(call: Call) -> Answer:
    """201 for a new file, 200 for a changed one; it is a push."""
    body = await call.body(FileBody)
    try:
        content = base64.b64decode("".join(body.content.split()), validate=True)
    except binascii.Error:
        raise Refusal(422, "content is not valid Base64") from None
    branch = body.branch or call.state.repository.default_branch
    existed = _path(call) in call.state.repository.head(branch).files
    commit = _write(call, body, content)
    file = call.views.file(_path(call), content, branch, whole=False)
    return Answer({"content": file, "commit": commit}, 200 if existed else 201)


async def _delete_contents(call: Call) -> Json:
    return {"content": None, "commit": _write(call, await call.body(RemovedFileBody), None)}


def _write(call: Call, body: RemovedFileBody | FileBody, content: bytes | None) -> Json:
    path, repository = _path(call), call.state.repository
    if path.startswith(FOLDER):
        check(call.caller, {"workflows": "write"})
    branch, author = body.branch or repository.default_branch, body.author or body.committer
    commit = repository.write(
        path,
        content,
        branch=branch,
        sha=body.sha,
        message=body.message,
        author={"name": author.name, "email": author.email} if author else {},
    )
    call.state.actions.pushed(branch, commit, path)
    return call.views.commit(commit)


def _path(call: Call) -> str:
    return call.path("path").strip("/")


async def _public_key(call: Call) -> Json:
    return {"key_id": call.state.repository.key_id, "key": call.state.repository.public_key}


async def _secrets(call: Call) -> Json:
    """Names and times only."""
    secrets = sorted(call.state.repository.secrets.values(), key=lambda secret: secret.name)
    views = [SecretView.model_validate(secret) for secret in call.page(secrets)]
    return {"total_count": len(secrets), "secrets": views}


async def _secret(call: Call) -> SecretView:
    return SecretView.model_validate(call.state.repository.secret(call.path("name")))


async def _put_secret(call: Call) -> Answer:
    """A value sealed with the repository's key; 201 for a new secret, 204 for a changed one."""
    body = await call.body(SecretBody)
    try:
        sealed = base64.b64decode(body.encrypted_value, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("encrypted_value is not base64.") from None
    created = call.state.repository.put_secret(call.path("name"), sealed, body.key_id)
    return Answer({}, 201) if created else Answer(status=204)


async def _delete_secret(call: Call) -> None:
    repository = call.state.repository
    del repository.secrets[repository.secret(call.path("name")).name]


async def _workflows(call: Call) -> Json:
    workflows = call.state.actions.workflows()
    views = [call.views.workflow(workflow) for workflow in call.page(workflows)]
    return {"total_count": len(workflows), "workflows": views}


async def _workflow(call: Call) -> Json:
    return call.views.workflow(call.state.actions.workflow(call.path("workflow")))


async def _runs(call: Call) -> Json:
    """The runs of a workflow or of all, newest first."""
    runs = [run for run in reversed(call.state.actions.runner.runs) if _matches(call, run)]
    if "workflow" in call.request.path_params:
        workflow = call.state.actions.workflow(call.path("workflow"))
        runs = [run for run in runs if run.workflow_id == workflow.id]
    return {"total_count": len(runs), "workflow_runs": [call.views.run(run) for run in call.page(runs)]}


def _matches(call: Call, run: Run) -> bool:
    values: dict[str, set[str | None]] = {
        "branch": {run.branch},
        "event": {run.event},
        "head_sha": {run.commit.sha},
        "status": {run.status, run.conclusion},
    }
    return all(call.query(name) in allowed | {None} for name, allowed in values.items())


async def _run(call: Call) -> Json:
    return call.views.run(call.state.actions.run(call.path("run")))


async def _jobs(call: Call) -> Json:
    run = call.state.actions.run(call.path("run"))
    return {"total_count": len(run.jobs), "jobs": [call.views.job(run, job) for job in call.page(run.jobs)]}


async def _log(call: Call) -> Response:
    """302 to the text."""
    return RedirectResponse(f"{call.views.base}/logs/{call.state.actions.job(call.path('job')).id}", 302)


async def _dispatch(call: Call) -> Answer:
    """204, or since 2026-02 200 with ``return_run_details``."""
    workflow, body = call.state.actions.workflow(call.path("workflow")), await call.body(DispatchBody)
    run = call.state.actions.dispatch(workflow, body.ref, body.inputs)
    if not body.return_run_details:
        return Answer(status=204)
    view = call.views.run(run)
    return Answer({"workflow_run_id": run.id, "run_url": view["url"], "html_url": view["html_url"]})


async def _new_token(call: Call) -> Response:
    """A fine-grained token with the permissions of the form (``secrets=read``); its value stands in ``#new-oauth-token``."""
    form = await call.request.form()
    try:
        token = call.state.tokens.issue({str(name): str(level) for name, level in form.items()})
    except ValueError as problem:
        return HTMLResponse(f"<!doctype html><title>New token</title><p>{html.escape(str(problem))}</p>", 422)
    return HTMLResponse(f'<!doctype html><title>New token</title><code id="new-oauth-token">{token.value}</code>')


async def _log_text(call: Call) -> Response:
    """The log at an address that wants no token, to which ``…/jobs/{id}/logs`` redirects."""
    return PlainTextResponse(call.state.actions.job(call.path("job")).log)


# A repository's operations have two addresses; a redirect from a former name leads to the second.
_ROOTS = ("/repos/{owner}/{repo}", "/repositories/{repository_id}")


def _repo(
    method: str, path: str, handler: Handler, permissions: dict[str, str], *, query: str = "", status: int = 200
) -> Operation[Call]:
    paths = [root + path for root in _ROOTS]
    return operation(method, paths, handler, query=query, status=status, needs=Needs(permissions))


_FILE = "/contents/{path:path}"
_METADATA = {"metadata": "read"}
_READ = {"contents": "read"}
_WRITE = {"contents": "write"}
_ACTIONS = "/actions"
_SECRET = _ACTIONS + "/secrets/{name}"
_WORKFLOW = _ACTIONS + "/workflows/{workflow}"
_PAGE = "per_page page"
_FILTERS = "branch event head_sha status exclude_pull_requests per_page page"
_SECRETS_READ = {"secrets": "read"}
_SECRETS_WRITE = {"secrets": "write"}
_ACTIONS_READ = {"actions": "read"}
_ACTIONS_WRITE = {"actions": "write"}

OPERATIONS = (
    operation("GET", "/user", _user),
    _repo("GET", "", _repository, _METADATA),
    _repo("GET", "/branches", _branches, _READ, query="per_page page"),
    _repo("GET", "/branches/{branch:path}", _branch, _READ),
    _repo("GET", "/git/ref/heads/{branch:path}", _ref, _READ),
    _repo("POST", "/git/refs", _create_ref, _WRITE, status=201),
    _repo("DELETE", "/git/refs/heads/{branch:path}", _delete_ref, _WRITE, status=204),
    _repo("GET", "/contents", _contents, _READ, query="ref"),
    _repo("GET", _FILE, _contents, _READ, query="ref"),
    _repo("PUT", _FILE, _put_contents, _WRITE),
    _repo("DELETE", _FILE, _delete_contents, _WRITE),
    _repo("GET", _ACTIONS + "/secrets/public-key", _public_key, _SECRETS_READ),
    _repo("GET", _ACTIONS + "/secrets", _secrets, _SECRETS_READ, query=_PAGE),
    _repo("GET", _SECRET, _secret, _SECRETS_READ),
    _repo("PUT", _SECRET, _put_secret, _SECRETS_WRITE),
    _repo("DELETE", _SECRET, _delete_secret, _SECRETS_WRITE, status=204),
    _repo("GET", _ACTIONS + "/workflows", _workflows, _ACTIONS_READ, query=_PAGE),
    _repo("GET", _WORKFLOW, _workflow, _ACTIONS_READ),
    _repo("GET", _ACTIONS + "/runs", _runs, _ACTIONS_READ, query=_FILTERS),
    _repo("GET", _WORKFLOW + "/runs", _runs, _ACTIONS_READ, query=_FILTERS),
    _repo("POST", _WORKFLOW + "/dispatches", _dispatch, _ACTIONS_WRITE),
    _repo("GET", _ACTIONS + "/runs/{run}", _run, _ACTIONS_READ),
    _repo("GET", _ACTIONS + "/runs/{run}/jobs", _jobs, _ACTIONS_READ, query=f"filter {_PAGE}"),
    _repo("GET", _ACTIONS + "/jobs/{job}/logs", _log, _ACTIONS_READ),
    operation("POST", "/settings/personal-access-tokens/new", _new_token, needs=PAGE),
    operation("GET", "/logs/{job}", _log_text, needs=PUBLIC),
)
