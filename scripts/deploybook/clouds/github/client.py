"""GitHub's REST API, the part that CI/CD needs. Wire formats: GitHub's published description, version 2022-11-28, by operation."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from nacl.public import SealedBox
from pydantic import SecretStr

from deploybook import http
from deploybook.clouds.api import Api
from deploybook.clouds.credentials import endpoint, secret
from deploybook.clouds.github import schema
from deploybook.clouds.paging import numbered
from deploybook.clouds.refusals import Refusal
from deploybook.errors import Conflict, NotFound, PermissionDenied, RateLimited, UnexpectedResponse
from deploybook.state.pins import Account

API_URL = "https://api.github.com"
VERSION = "2022-11-28"
PAGE = 100
# GitHub answers 403, too, to a client that asks too often; only the message tells it from a refusal.
TOO_OFTEN = "too often"
NEEDS_HEADER = "x-accepted-github-permissions"
# https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api: ``required; url=…``
SSO_HEADER = "x-github-sso"
SSO_ADDRESS = re.compile(r"url=(https?://[^\s;]+)")
Shape = TypeVar("Shape")


def _explain(body: Any) -> tuple[str, str]:
    """GitHub's error body: ``message``; its line breaks are for JSON's readers."""
    message = " ".join(str(body["message"]).split())
    return TOO_OFTEN if "rate limit" in message.lower() else "", message


def _advise(response: httpx.Response) -> str:
    """What to tick: a refusal names it, as ``pull_requests=write,contents=read; issues=read``: a comma joins, a semicolon parts."""
    needed = response.headers[NEEDS_HEADER]
    if "=" not in needed:
        return ""
    ways = (" and ".join(_ticked(permission) for permission in way.split(",")) for way in needed.split(";"))
    return f"Edit the token in GITHUB_TOKEN and give it {', or '.join(ways)}, for this repository."


def _ticked(permission: str) -> str:
    """``secrets=write`` as GitHub's page has it: *Secrets: read and write*."""
    name, _, level = permission.strip().partition("=")
    return f"{name.replace('_', ' ').capitalize()}: {'read and write' if level == 'write' else level}"


def _single_sign_on(response: httpx.Response) -> str:
    """Where the token is authorized for the organization; the address is good for an hour."""
    match = SSO_ADDRESS.search(response.headers[SSO_HEADER])
    place = match[1] if match else "https://github.com/settings/tokens, Configure SSO"
    return (
        f"Open {place} in a browser to authorize the token in GITHUB_TOKEN for the organization, then run this again."
    )


# By GitHub's status, headers and sentences: 403 is its answer to much that is not a permission.
REFUSALS = (
    Refusal(RateLimited, code=TOO_OFTEN),
    Refusal(PermissionDenied, _single_sign_on, "ci-sso", status=403, header=SSO_HEADER),
    Refusal(
        Conflict, "Unarchive the repository, or name the one that is in use.", "ci-repository", 403, words="archived"
    ),
    Refusal(PermissionDenied, _advise, status=403, header=NEEDS_HEADER),
)


@dataclass
class GitHub:
    """What one token may do in its repositories, each named ``owner/name``. Every method raises a ServiceError when GitHub refuses."""

    api: Api
    # The repository that the environment names, as in a workflow of GitHub's own; empty if none.
    named: str = ""
    # The repository that the environment lives in, by the name that its records have for it.
    home: Account | None = None
    # Who is to know which repository is used.
    settle: Callable[[Account], None] = lambda _: None
    _account: Account | None = None
    _keys: dict[str, schema.SealingKey] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        home: Account | None = None,
        settle: Callable[[Account], None] = lambda _: None,
    ) -> GitHub:
        """Reads ``GITHUB_TOKEN``, ``GITHUB_API_URL`` and ``GITHUB_REPOSITORY``."""
        headers = {
            "Authorization": f"Bearer {secret(environ, 'GITHUB_TOKEN').get_secret_value()}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": VERSION,
        }
        client = http.open_client(endpoint(environ, "GITHUB_API_URL", API_URL), headers=headers)
        api = Api("GitHub", client, _explain, "GITHUB_TOKEN", "GITHUB_API_URL", REFUSALS)
        return cls(api, environ.get("GITHUB_REPOSITORY", ""), home, settle)

    def close(self) -> None:
        """Close the connections."""
        self.api.client.close()

    def account(self) -> Account:
        """The repository that was read last: what an environment's CI lives in."""
        assert self._account is not None, "the repository is read before anything is done in it"
        return self._account

    def repository(self, repository: str) -> schema.Repository:
        """The repository (operation repos/get); one that was renamed answers to its old name too, with its new one.

        Raises OtherAccount if the environment's CI lives in another one: a repository keeps its id when it is renamed.
        """
        details = self.api.read(schema.Repository, f"read the repository {repository}", "GET", f"/repos/{repository}")
        # The first apply pins the name by which it was asked for: what it records has that name.
        account = Account(id=str(details.id), name=repository)
        self.settle(account)
        self._account = account
        return details

    def branch(self, repository: str, branch: str) -> schema.Branch | None:
        """A branch, or None (operation repos/get-branch)."""
        path = f"/repos/{repository}/branches/{quote(branch, safe='')}"
        return self._or_none(schema.Branch, f"read the branch {branch}", path)

    def create_branch(self, repository: str, branch: str, sha: str) -> None:
        """A branch at a commit (operation git/create-ref)."""
        body = {"ref": f"refs/heads/{branch}", "sha": sha}
        self.api.call(f"make the branch {branch}", "POST", f"/repos/{repository}/git/refs", json=body)

    def secrets(self, repository: str) -> dict[str, str]:
        """Every Actions secret's name and when it was set; GitHub never shows a value (operation actions/list-repo-secrets)."""
        path, operation = f"/repos/{repository}/actions/secrets", "list the secrets"

        def page(number: int) -> tuple[tuple[schema.Secret, ...], int]:
            params = {"per_page": PAGE, "page": number}
            return self.api.read(schema.Secrets, operation, "GET", path, params=params).secrets, PAGE

        return {secret.name: secret.updated_at for secret in numbered("GitHub", operation, page)}

    def secret(self, repository: str, name: str) -> str | None:
        """When a secret was set, or None if it is not there (operation actions/get-repo-secret)."""
        path = f"/repos/{repository}/actions/secrets/{name}"
        secret = self._or_none(schema.Secret, f"read the secret {name}", path)
        return None if secret is None else secret.updated_at

    def put_secret(self, repository: str, name: str, value: SecretStr) -> None:
        """Set a secret, sealed on this machine (operation actions/create-or-update-repo-secret)."""
        key = self._sealing_key(repository)
        sealed = SealedBox(key.key).encrypt(value.get_secret_value().encode())
        body = {"encrypted_value": base64.b64encode(sealed).decode(), "key_id": key.key_id}
        self.api.call(f"set the secret {name}", "PUT", f"/repos/{repository}/actions/secrets/{name}", json=body)

    def delete_secret(self, repository: str, name: str) -> None:
        """Remove a secret (operation actions/delete-repo-secret)."""
        self.api.call(f"delete the secret {name}", "DELETE", f"/repos/{repository}/actions/secrets/{name}")

    def file(self, repository: str, path: str, branch: str) -> tuple[str, bytes] | None:
        """A file's blob SHA and content on a branch, or None (operation repos/get-content)."""
        operation = f"read {path}"
        file = self._or_none(schema.File, operation, f"/repos/{repository}/contents/{quote(path)}", {"ref": branch})
        if file is None:
            return None
        if file.encoding != "base64":
            raise UnexpectedResponse(
                "GitHub", operation, f"{path} is not a file, or is too large.", "Give another workflow_path."
            )
        return file.sha, file.content

    def put_file(self, repository: str, path: str, branch: str, content: bytes, message: str, sha: str = "") -> str:
        """Commit a file to a branch, and give the commit's SHA; ``sha`` names the blob that is replaced.

        Operation repos/create-or-update-file-contents. A file that is otherwise than ``sha`` says is a Conflict.
        """
        body = {"message": message, "content": base64.b64encode(content).decode(), "branch": branch}
        body |= {"sha": sha} if sha else {}
        answer = self.api.read(
            schema.Written, f"write {path}", "PUT", f"/repos/{repository}/contents/{quote(path)}", json=body
        )
        return answer.commit.sha

    def delete_file(self, repository: str, path: str, branch: str, message: str, sha: str) -> None:
        """Commit a file's removal (operation repos/delete-file)."""
        body = {"message": message, "sha": sha, "branch": branch}
        self.api.call(f"delete {path}", "DELETE", f"/repos/{repository}/contents/{quote(path)}", json=body)

    def workflow(self, repository: str, file: str) -> schema.Workflow | None:
        """A workflow by its file's name, or None (operation actions/get-workflow)."""
        path = f"/repos/{repository}/actions/workflows/{file}"
        return self._or_none(schema.Workflow, f"read the workflow {file}", path)

    def runs(self, repository: str, file: str, branch: str, commit: str = "") -> tuple[schema.Run, ...]:
        """The latest runs of a workflow on a branch, newest first; none if there is no such workflow (actions/list-workflow-runs)."""
        params = {"branch": branch, "per_page": 20, "head_sha": commit or None}
        path = f"/repos/{repository}/actions/workflows/{file}/runs"
        listing = self._or_none(schema.Runs, "list the workflow's runs", path, params)
        return listing.workflow_runs if listing else ()

    def run(self, repository: str, run_id: int) -> schema.Run:
        """One run (operation actions/get-workflow-run)."""
        return self.api.read(schema.Run, "read the run", "GET", f"/repos/{repository}/actions/runs/{run_id}")

    def jobs(self, repository: str, run_id: int) -> list[schema.Job]:
        """The jobs of a run's last attempt (operation actions/list-jobs-for-workflow-run)."""
        path, operation = f"/repos/{repository}/actions/runs/{run_id}/jobs", "read the run's jobs"

        def page(number: int) -> tuple[tuple[schema.Job, ...], int]:
            params = {"per_page": PAGE, "page": number}
            return self.api.read(schema.Jobs, operation, "GET", path, params=params).jobs, PAGE

        return list(numbered("GitHub", operation, page))

    def dispatch(self, repository: str, file: str, branch: str) -> None:
        """Start a workflow as its page's *Run workflow* does (operation actions/create-workflow-dispatch)."""
        path = f"/repos/{repository}/actions/workflows/{file}/dispatches"
        self.api.call("start the workflow", "POST", path, json={"ref": branch})

    def _sealing_key(self, repository: str) -> schema.SealingKey:
        with self._lock:  # secrets are set side by side, and share one key
            if repository not in self._keys:
                path, operation = f"/repos/{repository}/actions/secrets/public-key", "read the key that seals secrets"
                self._keys[repository] = self.api.read(schema.SealingKey, operation, "GET", path)
            return self._keys[repository]

    def _or_none(
        self, shape: type[Shape], operation: str, path: str, params: Mapping[str, Any] | None = None
    ) -> Shape | None:
        try:
            return self.api.read(shape, operation, "GET", path, params=params)
        except NotFound:
            return None
