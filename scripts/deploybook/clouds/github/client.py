"""GitHub's REST API, the part that CI/CD needs. Wire formats: GitHub's published description, version 2022-11-28, by operation."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
from nacl.public import PublicKey, SealedBox
from pydantic import SecretStr

from deploybook import http
from deploybook.clouds.api import Api
from deploybook.clouds.credentials import endpoint, secret
from deploybook.clouds.refusals import Refusal
from deploybook.errors import NotFound, PermissionDenied, RateLimited, UnexpectedResponse
from deploybook.state.pins import Account

API_URL = "https://api.github.com"
VERSION = "2022-11-28"
PAGE = 100
# GitHub answers 403, too, to a client that asks too often; only the message tells it from a refusal.
TOO_OFTEN = "too often"
NEEDS_HEADER = "x-accepted-github-permissions"


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


REFUSALS = (
    Refusal(RateLimited, code=TOO_OFTEN),
    Refusal(PermissionDenied, _advise, status=403, header=NEEDS_HEADER),
)


@dataclass(frozen=True)
class SealingKey:
    """The public key that a repository's secrets are sealed with."""

    id: str
    key: PublicKey

    def seal(self, value: SecretStr) -> str:
        """The value as only GitHub can read it, in base64."""
        sealed = SealedBox(self.key).encrypt(value.get_secret_value().encode())
        return base64.b64encode(sealed).decode()


@dataclass
class GitHub:
    """What one token may do in its repositories, each named ``owner/name``. Every method raises a ServiceError when GitHub refuses."""

    api: Api
    # The repository that the environment names, as in a workflow of GitHub's own; empty if none.
    named: str = ""
    # Who is to know which repository is used.
    settle: Callable[[Account], None] = lambda _: None
    _account: Account | None = None
    _keys: dict[str, SealingKey] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], settle: Callable[[Account], None] = lambda _: None) -> GitHub:
        """Reads ``GITHUB_TOKEN``, ``GITHUB_API_URL`` and ``GITHUB_REPOSITORY``."""
        headers = {
            "Authorization": f"Bearer {secret(environ, 'GITHUB_TOKEN').get_secret_value()}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": VERSION,
        }
        client = http.open_client(endpoint(environ, "GITHUB_API_URL", API_URL), headers=headers)
        api = Api("GitHub", client, _explain, "GITHUB_TOKEN", "GITHUB_API_URL", REFUSALS)
        return cls(api, environ.get("GITHUB_REPOSITORY", ""), settle)

    def close(self) -> None:
        """Close the connections."""
        self.api.client.close()

    def account(self) -> Account:
        """The repository that was read last: what an environment's CI lives in."""
        assert self._account is not None, "the repository is read before anything is done in it"
        return self._account

    def repository(self, repository: str) -> dict[str, Any]:
        """``{id, full_name, private, archived, disabled, default_branch …}`` (operation repos/get).

        Raises OtherAccount if the environment's CI lives in another one: a repository keeps its id when it is renamed.
        """
        details: dict[str, Any] = self.api.json(f"read the repository {repository}", "GET", f"/repos/{repository}")
        account = Account(id=str(details["id"]), name=str(details["full_name"]))
        self.settle(account)
        self._account = account
        return details

    def branch(self, repository: str, branch: str) -> dict[str, Any] | None:
        """``{name, commit: {sha}, protected}``, or None (operation repos/get-branch)."""
        return self._or_none(f"read the branch {branch}", f"/repos/{repository}/branches/{quote(branch, safe='')}")

    def create_branch(self, repository: str, branch: str, sha: str) -> None:
        """A branch at a commit (operation git/create-ref)."""
        body = {"ref": f"refs/heads/{branch}", "sha": sha}
        self.api.call(f"make the branch {branch}", "POST", f"/repos/{repository}/git/refs", json=body)

    def secrets(self, repository: str) -> dict[str, str]:
        """Every Actions secret's name and when it was set; GitHub never shows a value (operation actions/list-repo-secrets)."""
        secrets = self._pages("list the secrets", f"/repos/{repository}/actions/secrets", "secrets")
        return {str(secret["name"]): str(secret["updated_at"]) for secret in secrets}

    def secret(self, repository: str, name: str) -> str | None:
        """When a secret was set, or None if it is not there (operation actions/get-repo-secret)."""
        secret = self._or_none(f"read the secret {name}", f"/repos/{repository}/actions/secrets/{name}")
        return None if secret is None else str(secret["updated_at"])

    def put_secret(self, repository: str, name: str, value: SecretStr) -> None:
        """Set a secret, sealed on this machine (operation actions/create-or-update-repo-secret)."""
        key = self._sealing_key(repository)
        body = {"encrypted_value": key.seal(value), "key_id": key.id}
        self.api.call(f"set the secret {name}", "PUT", f"/repos/{repository}/actions/secrets/{name}", json=body)

    def delete_secret(self, repository: str, name: str) -> None:
        """Remove a secret (operation actions/delete-repo-secret)."""
        self.api.call(f"delete the secret {name}", "DELETE", f"/repos/{repository}/actions/secrets/{name}")

    def file(self, repository: str, path: str, branch: str) -> tuple[str, bytes] | None:
        """A file's blob SHA and content on a branch, or None (operation repos/get-content)."""
        operation = f"read {path}"
        content: Any = self._or_none(operation, f"/repos/{repository}/contents/{quote(path)}", {"ref": branch})
        if content is None:
            return None
        if not isinstance(content, dict) or content.get("encoding") != "base64":
            raise UnexpectedResponse(
                "GitHub", operation, f"{path} is no file of ordinary size.", "Give another workflow_path."
            )
        return str(content["sha"]), base64.b64decode(content["content"])

    def put_file(self, repository: str, path: str, branch: str, content: bytes, message: str, sha: str = "") -> str:
        """Commit a file to a branch, and give the commit's SHA; ``sha`` names the blob that is replaced.

        Operation repos/create-or-update-file-contents. A file that is otherwise than ``sha`` says is a Conflict.
        """
        body = {"message": message, "content": base64.b64encode(content).decode(), "branch": branch}
        body |= {"sha": sha} if sha else {}
        answer = self.api.json(f"write {path}", "PUT", f"/repos/{repository}/contents/{quote(path)}", json=body)
        return str(answer["commit"]["sha"])

    def delete_file(self, repository: str, path: str, branch: str, message: str, sha: str) -> None:
        """Commit a file's removal (operation repos/delete-file)."""
        body = {"message": message, "sha": sha, "branch": branch}
        self.api.call(f"delete {path}", "DELETE", f"/repos/{repository}/contents/{quote(path)}", json=body)

    def workflow(self, repository: str, file: str) -> dict[str, Any] | None:
        """``{id, name, path, state}`` by the file's name, or None (operation actions/get-workflow)."""
        return self._or_none(f"read the workflow {file}", f"/repos/{repository}/actions/workflows/{file}")

    def runs(self, repository: str, file: str, branch: str, commit: str = "") -> list[dict[str, Any]]:
        """The latest runs of a workflow on a branch, newest first; none if there is no such workflow (actions/list-workflow-runs)."""
        params = {"branch": branch, "per_page": 20, "head_sha": commit or None}
        path = f"/repos/{repository}/actions/workflows/{file}/runs"
        listing = self._or_none("list the workflow's runs", path, params)
        return listing["workflow_runs"] if listing else []

    def run(self, repository: str, run_id: int) -> dict[str, Any]:
        """``{id, status, conclusion, head_sha, html_url …}`` (operation actions/get-workflow-run)."""
        run: dict[str, Any] = self.api.json("read the run", "GET", f"/repos/{repository}/actions/runs/{run_id}")
        return run

    def jobs(self, repository: str, run_id: int) -> list[dict[str, Any]]:
        """The jobs of a run's last attempt: ``{name, status, conclusion, steps}`` (operation actions/list-jobs-for-workflow-run)."""
        return list(self._pages("read the run's jobs", f"/repos/{repository}/actions/runs/{run_id}/jobs", "jobs"))

    def dispatch(self, repository: str, file: str, branch: str) -> None:
        """Start a workflow as its page's *Run workflow* does (operation actions/create-workflow-dispatch)."""
        path = f"/repos/{repository}/actions/workflows/{file}/dispatches"
        self.api.call("start the workflow", "POST", path, json={"ref": branch})

    def _sealing_key(self, repository: str) -> SealingKey:
        with self._lock:  # secrets are set side by side, and share one key
            if repository not in self._keys:
                path = f"/repos/{repository}/actions/secrets/public-key"
                answer = self.api.json("read the key that secrets are sealed with", "GET", path)
                key = PublicKey(base64.b64decode(answer["key"]))
                self._keys[repository] = SealingKey(str(answer["key_id"]), key)
            return self._keys[repository]

    def _pages(self, operation: str, path: str, items: str) -> Iterator[dict[str, Any]]:
        """Follow ``page`` until as many have come as ``total_count`` says."""
        page, seen = 1, 0
        while True:
            body = self.api.json(operation, "GET", path, params={"per_page": PAGE, "page": page})
            yield from body[items]
            seen += len(body[items])
            if not body[items] or seen >= body["total_count"]:
                return
            page += 1

    def _or_none(self, operation: str, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = self.api.json(operation, "GET", path, params=params)
        except NotFound:
            return None
        return answer
