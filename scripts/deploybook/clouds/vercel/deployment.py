"""A production deployment: made when none serves, or when what serves is older than the variables or the files."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from deploybook.clouds.resource import Change, Resource, StillNeeded, VaultValues
from deploybook.clouds.vercel.schema import READY, STATES, DeploymentAnswer
from deploybook.clouds.vercel.source import Source
from deploybook.clouds.vercel.watch import Watch, described, failed, staged
from deploybook.clouds.waiting import wait_until
from deploybook.errors import NotFound, ServiceError, UnexpectedResponse, Unreachable, VerificationFailed

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.vercel.client import Vercel
    from deploybook.clouds.vercel.project import ProjectState
    from deploybook.clouds.vercel.variables import Variables

# The field of a deployment's meta that tells the request which made it.
NONCE = "deploybookRun"
# One that somebody cancelled or deleted was not to serve.
FAILED = frozenset({"ERROR", "BLOCKED"})
# A deployment is staged for a moment before it is given the domains; for so long where the project assigns them by itself.
STAGED_SECONDS = 60.0
UPLOADS_SIDE_BY_SIDE = 8


@dataclass(frozen=True)
class DeploymentState:
    """A deployment as it is; ``created`` in milliseconds since the epoch."""

    id: str
    state: str
    created: int
    digest: str = ""
    # Whether a newer one failed, so that this one still serves.
    outlived: bool = False
    # The one that is ready before it, which serves until it is ready itself.
    before: str = ""
    # Ready, and waits for somebody to promote it.
    staged: bool = False

    def is_under_way(self, seconds: float) -> bool:
        """Whether it is not ready, and was made less than ``seconds`` ago."""
        return self.state != READY and time.time() - self.created / 1000 < seconds


class Deployment(Resource[DeploymentState]):
    """The production deployment that serves, made from ``source`` with the variables as they stand."""

    kind: ClassVar[str] = "Vercel deployment"
    provider: ClassVar[str] = "vercel"
    absent_entry: ClassVar[str] = "vercel-page"
    drift_entry: ClassVar[str] = "vercel-redeploy"

    def __init__(
        self,
        name: str,
        project: ProjectState,
        source: Source,
        variables: Variables,
        *,
        minutes: int = 15,
        redeploy: bool = False,
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.deleted_with = self.within = ("Vercel project", name)
        self._project = project
        self._source = source
        self._variables = variables
        self._seconds = minutes * 60
        self._redeploy = redeploy
        self._on_progress = on_progress
        self._newest: DeploymentState | None = None
        self._is_new = False

    def known(self, state: DeploymentState | None, vault_values: VaultValues) -> bool:
        """The vault holds the project's id."""
        del state
        return _is_recorded(self._project, vault_values)

    def read(self, clouds: Connections) -> DeploymentState | None:
        """The newest production deployment that did not end badly, ready or on its way; looked for once."""
        if self._newest is None and self._project.id:
            self._newest = self._look(clouds.vercel)
        return self._newest

    def differences(self, state: DeploymentState) -> list[Change]:
        """Left to serve by a newer one that failed, older than the variables, still on its way, of other files, or to be made anew."""
        if state.staged:
            return [Change("newest deployment", "staged", "in production", entry="vercel-staged")]
        if state.outlived:
            return [Change("newest deployment", "failed", READY, entry="vercel-build-failed")]
        # Those that differ still are changed before this deployment would be made.
        if self._variables.differ() or self._variables.changed_at > state.created:
            return [Change("variables", "as they stood before", "as they are")]
        if state.state != READY:
            # One that has its time still is waited for, and is no drift.
            young = state.is_under_way(self._seconds)
            return [Change("state", state.state, READY, requested=young, entry="vercel-deployment-slow")]
        if self._source.folder and state.digest != self._source.digest():
            return [Change("files", state.digest or "unknown", self._source.digest())]
        if self._redeploy and not self._is_new:
            return [Change("deployment", "kept", "new", requested=True)]
        return []

    def create(self, clouds: Connections) -> DeploymentState:
        """Operation createDeployment, then wait until the production domain points at it."""
        self._newest = None
        body = self._body(clouds.vercel)
        try:
            deployment_id = clouds.vercel.create_deployment(body).id
        except Unreachable:
            # The request may have been carried out: a deployment of this very request is looked for before anything is repeated.
            deployment_id = self._find(clouds.vercel, body["meta"][NONCE])
            if not deployment_id:
                raise
        return self._wait(clouds.vercel, deployment_id)

    def update(self, clouds: Connections, state: DeploymentState, changes: list[Change]) -> DeploymentState:
        """Wait for one that is on its way, or make a new one: a deployment itself never changes."""
        if state.staged:
            # To promote what somebody holds back is not ours.
            raise staged(state.id)
        if [change.field for change in changes] == ["state"]:
            return self._wait(clouds.vercel, state.id)
        return self.create(clouds)

    def delete(self, clouds: Connections, state: DeploymentState) -> None:
        """Deployments go with their project."""
        del clouds, state
        raise StillNeeded(f"the project {self.name} serves it")

    def planned(self) -> DeploymentState:
        """Nothing serves yet."""
        return DeploymentState("", "", 0)

    def _body(self, vercel: Vercel) -> dict[str, Any]:
        meta = {"deploybook": self._source.digest(), NONCE: secrets.token_hex(8)}
        body: dict[str, Any] = {"name": self.name, "project": self._project.id, "target": "production", "meta": meta}
        if self._source.folder is None:
            return body | {"gitSource": {"type": "github", "ref": self._source.branch, **self._repository()}}
        contents = self._source.files
        with ThreadPoolExecutor(UPLOADS_SIDE_BY_SIDE) as pool:
            digests = list(pool.map(vercel.upload, contents.values()))
        files = [
            {"file": name, "sha": digest, "size": len(content)}
            for (name, content), digest in zip(contents.items(), digests, strict=True)
        ]
        return body | {"files": files, "projectSettings": {"framework": "nextjs"}}

    def _repository(self) -> dict[str, str]:
        """The repository as ``gitSource`` names it: by the id of the project's link, which a rename at GitHub leaves as it is."""
        if self._project.repository_id:
            return {"repoId": self._project.repository_id}
        owner, _, name = self._source.repository.partition("/")
        return {"org": owner, "repo": name}

    def _look(self, vercel: Vercel) -> DeploymentState | None:
        newest: DeploymentState | None = None
        failed = False
        for deployment in vercel.production_deployments(self._project.id):
            if deployment.ended_badly:
                failed = failed or deployment.state in FAILED or deployment.alias_error is not None
                continue
            if newest is None:
                digest = deployment.note("deploybook")
                newest = DeploymentState(
                    deployment.id,
                    deployment.state,
                    int(deployment.created),
                    digest,
                    failed,
                    staged=self._is_held_back(deployment),
                )
            elif deployment.state == READY:
                return replace(newest, before=deployment.id)
            if deployment.state == READY and not newest.staged:
                return newest
        return newest

    def _is_held_back(self, deployment: DeploymentAnswer, ready_for: float | None = None) -> bool:
        """Whether a deployment is staged, and will not be given the domains by itself."""
        seconds = time.time() - deployment.created / 1000 if ready_for is None else ready_for
        return deployment.is_staged and (not self._project.auto_assigns_domains or seconds > STAGED_SECONDS)

    def _find(self, vercel: Vercel, nonce: str) -> str:
        deployments = vercel.production_deployments(self._project.id)
        return next((deployment.id for deployment in deployments if deployment.note(NONCE) == nonce), "")

    def _wait(self, vercel: Vercel, deployment_id: str) -> DeploymentState:
        """Wait until it has the production domains; READY alone does not say that (terraform-provider-vercel, client/deployment.go)."""
        watch = Watch(deployment_id, self._on_progress)

        def has_ended(deployment: DeploymentAnswer) -> bool:
            if deployment.state == READY and deployment.alias_error is None:
                is_over = bool(deployment.alias_assigned or deployment.unknown_state)
                return is_over or self._is_held_back(deployment, watch.ready_for)
            return deployment.ended_badly or STATES.has_ended(deployment.state)

        def read() -> DeploymentAnswer:
            return watch.see(vercel.deployment(deployment_id))

        deployment = wait_until(has_ended, read, self._seconds, subject="Vercel's deployment")
        if deployment.state == READY and deployment.alias_assigned and deployment.alias_error is None:
            self._newest = DeploymentState(deployment.id, READY, int(deployment.created), self._source.digest())
            self._is_new = True
            return self._newest
        raise self._not_serving(vercel, deployment, watch.ready_for)

    def _not_serving(self, vercel: Vercel, deployment: DeploymentAnswer, ready_for: float) -> ServiceError:
        """Why a deployment that was waited for does not serve."""
        if deployment.ended_badly:
            return failed(vercel, deployment)
        if self._is_held_back(deployment, ready_for):
            return staged(deployment.id)
        if unknown := deployment.unknown_state:
            message = f"Vercel's deployment is in a state that deploybook does not know: {unknown}."
            hint = "Look at it in the dashboard, and report the state, so that deploybook can learn it."
            return UnexpectedResponse("Vercel", "deploy", message, hint)
        minutes = self._seconds // 60
        message = f"Vercel's deployment is still {described(deployment)} after {minutes} minutes."
        hint = "Look at it in the dashboard; running this again waits for the same one."
        return UnexpectedResponse("Vercel", "deploy", message, hint, "vercel-deployment-slow")


def _is_recorded(project: ProjectState, vault_values: VaultValues) -> bool:
    recorded = vault_values.get("VERCEL_PROJECT_ID")
    return recorded is not None and bool(project.id) and recorded.get_secret_value() == project.id


def serves_all(vercel: Vercel, address: str, deployment: DeploymentState, variables: Variables) -> str:
    """What the production domain shows is the newest deployment, made after the last change of a variable: it has them all.

    While the newest is on its way, the one before it is shown, and the newest will have them.
    """
    host = address.removeprefix("https://")
    try:
        serving = vercel.deployment(host)
    except NotFound:
        raise VerificationFailed(
            f"{host} shows no deployment.",
            "Run deploybook run vercel --mode apply -p redeploy true.",
            "vercel-page",
        ) from None
    waiting = deployment.state != READY and serving.id == deployment.before
    if serving.id != deployment.id and not waiting:
        raise VerificationFailed(
            f"{host} does not show the newest deployment.",
            "Promote the newest one in the dashboard (Deployments, Promote), or undo the rollback.",
            "vercel-redeploy",
            expected=deployment.id or "a deployment that is ready",
            found=serving.id,
        )
    if variables.changed_at > (deployment.created if waiting else int(serving.created)):
        raise VerificationFailed(
            "A variable was changed after the live deployment was made, so the app does not see it.",
            "Run deploybook run vercel --mode apply: it deploys again.",
            "vercel-redeploy",
        )
    return serving.id
