"""A production deployment: made when none serves, or when what serves is older than the variables or the files."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from deploybook.clouds.resource import Change, Resource
from deploybook.errors import InvalidValue, UnexpectedResponse, VerificationFailed

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.vercel.client import Vercel
    from deploybook.clouds.vercel.project import ProjectState
    from deploybook.clouds.vercel.variables import Variables

POLL_SECONDS = 1.0
LONGEST_POLL_SECONDS = 5.0
ENDED_BADLY = frozenset({"ERROR", "CANCELED", "BLOCKED", "DELETED"})
SKIPPED = frozenset({".git", "node_modules", ".next", ".vercel", "__pycache__"})


@dataclass(frozen=True)
class Source:
    """What is deployed: a GitHub repository's branch, or the files of a folder; exactly one is given."""

    repository: str = ""
    branch: str = "main"
    folder: Path | None = None

    def files(self) -> dict[str, bytes]:
        """The folder's files by path, without what is made or private (dot files that hold variables)."""
        assert self.folder is not None
        found = sorted(path for path in self.folder.rglob("*") if path.is_file() and not SKIPPED & set(path.parts))
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in found
            if not path.name.startswith(".env")
        }

    def digest(self) -> str:
        """What tells one state of the files from another; for a repository its name and branch (what was pushed, CI deploys)."""
        if self.folder is None:
            return hashlib.sha256(f"{self.repository}@{self.branch}".encode()).hexdigest()[:16]
        parts = hashlib.sha256()
        for name, content in self.files().items():
            parts.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
        return parts.hexdigest()[:16]


def source(repository: str, branch: str, folder: str, *, instead: Path | None = None) -> Source:
    """The source that the parameters name; ``instead`` stands in where neither is given. Raises InvalidValue if both or none are."""
    if repository and folder:
        raise InvalidValue("Both git_repository and web_source are given.", "Give one: what is to be deployed.")
    if folder and not Path(folder).is_dir():
        raise InvalidValue(f"web_source names no folder: {folder}.", "Give the path of the web app's files.")
    chosen = Path(folder) if folder else None if repository else instead
    if not repository and chosen is None:
        raise InvalidValue(
            "Nothing to deploy is given.",
            "Give git_repository (<OWNER>/<NAME>) or web_source (a folder).",
            "vercel-source",
        )
    return Source(repository, branch, chosen)


@dataclass(frozen=True)
class DeploymentState:
    """A deployment as it is; ``created`` in milliseconds since the epoch."""

    id: str
    state: str
    created: int
    digest: str = ""


class Deployment(Resource[DeploymentState]):
    """The production deployment that serves, made from ``source`` with the variables as they stand."""

    kind: ClassVar[str] = "Vercel deployment"

    def __init__(
        self,
        name: str,
        project: ProjectState,
        source: Source,
        variables: Variables,
        *,
        minutes: int = 15,
        redeploy: bool = False,
    ) -> None:
        self.name = name
        self.goes_with = ("Vercel project", name)
        self._project = project
        self._source = source
        self._variables = variables
        self._seconds = minutes * 60
        self._redeploy = redeploy
        self._made: DeploymentState | None = None

    def read(self, clouds: Connections) -> DeploymentState | None:
        """The newest production deployment that did not end badly, ready or on its way."""
        if self._made or not self._project.id:
            return self._made
        for each in clouds.vercel.production_deployments(self._project.id):
            state = each.get("readyState") or each["state"]
            if state not in ENDED_BADLY:
                return DeploymentState(
                    each["uid"], state, int(each["created"]), (each.get("meta") or {}).get("deploybook", "")
                )
        return None

    def differences(self, state: DeploymentState) -> list[Change]:
        """Older than the variables, made from other files, still on its way, or to be made anew on request."""
        if self._variables.changed_at > state.created:
            return [Change("variables", "as they stood before", "as they are")]
        if state.state != "READY":
            return [Change("state", state.state, "READY")]
        if self._source.folder and state.digest != self._source.digest():
            return [Change("files", state.digest or "unknown", self._source.digest())]
        if self._redeploy and not self._made:
            return [Change("deployment", "kept", "new", requested=True)]
        return []

    def create(self, clouds: Connections) -> DeploymentState:
        """Operation createDeployment, then wait until the production domain points at it."""
        made = clouds.vercel.create_deployment(self._body(clouds.vercel))
        return self._wait(clouds.vercel, made["id"])

    def update(self, clouds: Connections, state: DeploymentState, changes: list[Change]) -> DeploymentState:
        """Wait for one that is on its way, or make a new one: a deployment itself never changes."""
        if [change.field for change in changes] == ["state"]:
            return self._wait(clouds.vercel, state.id)
        return self.create(clouds)

    def delete(self, clouds: Connections, state: DeploymentState) -> None:
        """Goes with its project."""

    def planned(self) -> DeploymentState:
        """Nothing serves yet."""
        return DeploymentState("", "", 0)

    def _body(self, vercel: Vercel) -> dict[str, Any]:
        # The nonce tells a deployment of this run from another one, should the answer to the request be lost.
        meta = {"deploybook": self._source.digest(), "deploybookRun": secrets.token_hex(6)}
        body: dict[str, Any] = {"name": self.name, "project": self._project.id, "target": "production", "meta": meta}
        if self._source.folder is None:
            owner, _, repository = self._source.repository.partition("/")
            return body | {
                "gitSource": {"type": "github", "org": owner, "repo": repository, "ref": self._source.branch}
            }
        files = [
            {"file": name, "sha": vercel.upload(content), "size": len(content)}
            for name, content in self._source.files().items()
        ]
        return body | {"files": files, "projectSettings": {"framework": "nextjs"}}

    def _wait(self, vercel: Vercel, deployment_id: str) -> DeploymentState:
        deadline, pause = time.monotonic() + self._seconds, POLL_SECONDS
        while True:
            found = vercel.deployment(deployment_id)
            state = found["readyState"]
            # READY alone does not mean that the production domain points at it (terraform-provider-vercel, client/deployment.go).
            if state in ENDED_BADLY or found.get("aliasError"):
                raise self._failed(vercel, found)
            if state == "READY" and found.get("aliasAssigned"):
                self._made = DeploymentState(found["id"], state, int(found["createdAt"]), self._source.digest())
                return self._made
            if time.monotonic() > deadline:
                raise UnexpectedResponse(
                    "Vercel",
                    "deploy",
                    f"Vercel's deployment is still {state} after {self._seconds // 60} minutes.",
                    "Look at it in the dashboard; running this again waits for the same one.",
                    "vercel-deployment-slow",
                )
            time.sleep(pause)
            pause = min(pause * 1.3, LONGEST_POLL_SECONDS)

    def _failed(self, vercel: Vercel, found: Mapping[str, Any]) -> UnexpectedResponse:
        alias = found.get("aliasError") or {}
        reason = found.get("errorMessage") or alias.get("message") or f"it ended as {found['readyState']}"
        log = " | ".join(vercel.build_log(found["id"]))
        code = str(found.get("errorCode") or alias.get("code") or "")
        message = f"Vercel's deployment failed: {str(reason).rstrip('.')}." + (
            f" Last lines of the build: {log}" if log else ""
        )
        hint = "Mend what the build says, push, then run this again."
        return UnexpectedResponse("Vercel", "deploy", message, hint, "vercel-build-failed", code=code)


def is_newer_than_variables(deployment: DeploymentState, variables: Variables) -> str:
    """The deployment that serves was made after the last change of a variable: it has them all."""
    if variables.changed_at > deployment.created:
        raise VerificationFailed(
            "A variable was changed after the deployment that serves was made; the app does not see it.",
            "Run deploybook run vercel --mode apply: it deploys again.",
            "vercel-redeploy",
        )
    return deployment.id
