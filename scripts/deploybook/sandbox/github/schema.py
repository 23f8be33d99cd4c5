"""GitHub's JSON in the shapes of its published REST description (api.github.com, 2022-11-28): bodies in, views out."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, PlainSerializer

from deploybook.sandbox.core.schema import Body, View
from deploybook.sandbox.github.state.repository import Commit, Repository, blob_sha
from deploybook.sandbox.github.state.workflows import Job, Run, Workflow

Json = dict[str, Any]


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601 to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def node_id(kind: str, identifier: object) -> str:
    """An opaque global id."""
    return base64.b64encode(f"{kind}:{identifier}".encode()).decode()


class PersonBody(Body):
    """An author or a committer; what else a client says of the person is ignored."""

    model_config = ConfigDict(extra="ignore")

    name: str
    email: str


class RemovedFileBody(Body):
    """A file to remove; ``sha`` is that of its blob."""

    message: str
    sha: str | None
    branch: str | None = None
    committer: PersonBody | None = None
    author: PersonBody | None = None


class FileBody(RemovedFileBody):
    """A file to write: its content in base64, and for an existing file the SHA of its blob."""

    content: str
    sha: str | None = None


class RefBody(Body):
    """A branch to make, as ``refs/heads/…``."""

    ref: str
    sha: str


class SecretBody(Body):
    """A secret's value, sealed with the public key of that id and in base64."""

    encrypted_value: str
    key_id: str


class DispatchBody(Body):
    """A workflow to start at a branch."""

    ref: str
    inputs: dict[str, Any] = Field(default_factory=dict)
    return_run_details: bool = False


class SecretView(View):
    """``actions-secret``: never the value."""

    name: str
    created_at: Annotated[datetime, PlainSerializer(stamp)]
    updated_at: Annotated[datetime, PlainSerializer(stamp)]


@dataclass
class Views:
    """Writes the resources of one repository; ``base`` is the address that links begin with."""

    repo: Repository
    base: str

    @property
    def url(self) -> str:
        """The repository in the API."""
        return f"{self.base}/repos/{self.repo.full_name}"

    def user(self) -> Json:
        """``simple-user``."""
        login = self.repo.owner
        return {
            "login": login,
            "id": 1,
            "node_id": node_id("User", 1),
            "url": f"{self.base}/users/{login}",
            "html_url": f"{self.base}/{login}",
            "type": "User",
            "site_admin": False,
        }

    def repository(self) -> Json:
        """``full-repository``, as far as the sandbox knows one."""
        return {
            "id": self.repo.id,
            "node_id": node_id("Repository", self.repo.id),
            "name": self.repo.name,
            "full_name": self.repo.full_name,
            "private": True,
            "visibility": "private",
            "owner": self.user(),
            "html_url": f"{self.base}/{self.repo.full_name}",
            "url": self.url,
            "description": None,
            "fork": False,
            "archived": self.repo.archived,
            "disabled": False,
            "default_branch": self.repo.default_branch,
            "created_at": stamp(self.repo.created_at),
            "updated_at": stamp(self.repo.created_at),
            "pushed_at": stamp(self.repo.head(self.repo.default_branch).date),
        }

    def branch(self, name: str) -> Json:
        """``branch-with-protection``, unprotected."""
        commit = self.repo.head(name)
        return {
            "name": name,
            "commit": {"sha": commit.sha, "url": f"{self.url}/commits/{commit.sha}"},
            "protected": False,
        }

    def ref(self, branch: str) -> Json:
        """``git-ref``."""
        sha = self.repo.head(branch).sha
        return {
            "ref": f"refs/heads/{branch}",
            "node_id": node_id("Ref", branch),
            "url": f"{self.url}/git/refs/heads/{branch}",
            "object": {"type": "commit", "sha": sha, "url": f"{self.url}/git/commits/{sha}"},
        }

    def commit(self, commit: Commit) -> Json:
        """``commit`` of ``file-commit``."""
        person = {"name": commit.author["name"], "email": commit.author["email"], "date": stamp(commit.date)}
        parents = [commit.parent] if commit.parent else []
        return {
            "sha": commit.sha,
            "node_id": node_id("Commit", commit.sha),
            "url": f"{self.url}/git/commits/{commit.sha}",
            "html_url": f"{self.base}/{self.repo.full_name}/commit/{commit.sha}",
            "author": person,
            "committer": person,
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{self.url}/git/trees/{commit.tree}"},
            "parents": [{"sha": sha, "url": f"{self.url}/git/commits/{sha}"} for sha in parents],
            "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None},
        }

    def file(self, path: str, content: bytes, ref: str, *, whole: bool = True) -> Json:
        """``content-file``; without its content in lists and in the answers to writes."""
        sha = blob_sha(content)
        url, page = f"{self.url}/contents/{path}?ref={ref}", f"{self.base}/{self.repo.full_name}/blob/{ref}/{path}"
        view: Json = {
            "type": "file",
            "name": path.rpartition("/")[2],
            "path": path,
            "sha": sha,
            "size": len(content),
            "url": url,
            "html_url": page,
            "git_url": f"{self.url}/git/blobs/{sha}",
            "download_url": None,
            "_links": {"self": url, "git": f"{self.url}/git/blobs/{sha}", "html": page},
        }
        # GitHub breaks its base64 into lines, so a client that does not expect that must fail here too.
        return view | {"encoding": "base64", "content": base64.encodebytes(content).decode()} if whole else view

    def folder(self, path: str, ref: str) -> Json:
        """An entry of ``content-directory`` for a folder."""
        url = f"{self.url}/contents/{path}?ref={ref}"
        return {"type": "dir", "name": path.rpartition("/")[2], "path": path, "sha": "", "size": 0, "url": url}

    def workflow(self, workflow: Workflow) -> Json:
        """``workflow``."""
        name = workflow.path.rpartition("/")[2]
        return {
            "id": workflow.id,
            "node_id": node_id("Workflow", workflow.id),
            "name": workflow.name,
            "path": workflow.path,
            "state": workflow.state,
            "created_at": stamp(workflow.created_at),
            "updated_at": stamp(workflow.updated_at),
            "url": f"{self.url}/actions/workflows/{workflow.id}",
            "html_url": f"{self.base}/{self.repo.full_name}/blob/{self.repo.default_branch}/{workflow.path}",
            "badge_url": f"{self.base}/{self.repo.full_name}/workflows/{name}/badge.svg",
        }

    def run(self, run: Run) -> Json:
        """``workflow-run``."""
        url = f"{self.url}/actions/runs/{run.id}"
        author = {"name": run.commit.author["name"], "email": run.commit.author["email"]}
        head = {"id": run.commit.sha, "tree_id": run.commit.tree, "message": run.commit.message}
        links = {f"{name}_url": f"{url}/{name}" for name in ("jobs", "logs", "artifacts", "cancel", "rerun")}
        return {
            "id": run.id,
            "node_id": node_id("WorkflowRun", run.id),
            "name": run.workflow.name,
            "display_title": run.commit.message.partition("\n")[0],
            "path": run.workflow.path,
            "head_branch": run.branch,
            "head_sha": run.commit.sha,
            "run_number": run.run_number,
            "run_attempt": run.attempt,
            "event": run.event,
            "status": run.status,
            "conclusion": run.conclusion,
            "workflow_id": run.workflow_id,
            "check_suite_id": run.id,
            "check_suite_node_id": node_id("CheckSuite", run.id),
            "check_suite_url": f"{self.url}/check-suites/{run.id}",
            "url": url,
            "html_url": f"{self.base}/{self.repo.full_name}/actions/runs/{run.id}",
            "workflow_url": f"{self.url}/actions/workflows/{run.workflow_id}",
            "previous_attempt_url": None,
            "pull_requests": [],
            "actor": self.user(),
            "triggering_actor": self.user(),
            "created_at": stamp(run.created_at),
            "updated_at": stamp(run.updated_at),
            "run_started_at": stamp(run.started_at),
            "head_commit": head | {"timestamp": stamp(run.commit.date), "author": author, "committer": author},
            "repository": self.repository(),
            "head_repository": self.repository(),
            **links,
        }

    def job(self, run: Run, job: Job) -> Json:
        """``job``, with its steps."""
        times = {"started_at": stamp(job.started_at), "completed_at": stamp(job.completed_at)}
        state = {"status": job.status, "conclusion": job.conclusion}
        steps = [
            {"name": name, "number": number, "status": "completed", "conclusion": conclusion, **times}
            for number, (name, conclusion) in enumerate(job.steps, 1)
        ]
        return {
            "id": job.id,
            "run_id": run.id,
            "run_url": f"{self.url}/actions/runs/{run.id}",
            "run_attempt": run.attempt,
            "node_id": node_id("Job", job.id),
            "head_sha": run.commit.sha,
            "head_branch": run.branch,
            "workflow_name": run.workflow.name,
            "url": f"{self.url}/actions/jobs/{job.id}",
            "html_url": f"{self.base}/{self.repo.full_name}/actions/runs/{run.id}/job/{job.id}",
            "check_run_url": f"{self.url}/check-runs/{job.id}",
            "created_at": stamp(run.created_at),
            "name": job.name,
            "labels": ["ubuntu-latest"],
            "runner_id": None,
            "runner_name": None,
            "runner_group_id": None,
            "runner_group_name": None,
            "steps": steps,
            **state,
            **times,
        }
