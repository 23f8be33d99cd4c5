"""The worker's deploy: started when none is live or something was changed since, and followed until it is live."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from deploybook.clouds import dashboards
from deploybook.clouds.render.schema import LIVE
from deploybook.clouds.render.undeployed import Undeployed
from deploybook.clouds.render.variables import Variables
from deploybook.clouds.render.waiting import FAILED, DeployState, ProgressListener, appeared, follow
from deploybook.clouds.render.worker import WorkerState
from deploybook.clouds.resource import Change, Resource, VaultValues
from deploybook.errors import UnexpectedResponse, Unreachable
from deploybook.state.last_writes import LastWrites

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.render.client import Render

# A Docker build from nothing takes minutes; Render's own client waits hours, an operator should look sooner.
LIMIT_SECONDS = 900.0


class Deploy(Resource[DeployState]):
    """The deploy that serves, with the worker's settings and variables as they stand. ``on_progress`` is called with each new status."""

    kind: ClassVar[str] = "Render deploy"
    provider: ClassVar[str] = "render"
    absent_entry = drift_entry = "render-not-live"

    def __init__(
        self,
        name: str,
        worker: WorkerState,
        variables: Variables,
        last_writes: LastWrites,
        on_progress: ProgressListener,
        *,
        seconds: float = LIMIT_SECONDS,
    ) -> None:
        self.name = name
        self.deleted_with = self.within = ("Render worker", name)
        self.worker = worker
        self._variables = variables
        self._undeployed = Undeployed(last_writes, name)
        self._on_progress = on_progress
        self._seconds = seconds
        self._newest: DeployState | None = None

    def page(self, clouds: Connections, state: DeployState) -> str:
        """The deploy, with its log."""
        del clouds
        return dashboards.render(self.worker.id, "deploys", state.id)

    def known(self, state: object, vault_values: VaultValues) -> bool:
        """The vault holds the worker's id."""
        del state
        recorded = vault_values.get("RENDER_SERVICE_ID")
        return recorded is not None and bool(self.worker.id) and recorded.get_secret_value() == self.worker.id

    def read(self, clouds: Connections) -> DeployState | None:
        """The newest deploy, looked for once; None if there is none, or the worker was made in this run."""
        if not self.worker.id or self.worker.first_deploy:
            return None
        listed = [deploy for deploy in clouds.render.deploys(self.worker.id) if deploy.status != "deactivated"]
        self._newest = DeployState.of(listed[0]) if listed else None
        return self._newest

    def differences(self, state: DeployState) -> list[Change]:
        """Something was changed since it was made, it failed, or it is still on its way."""
        if self._undeployed.what:
            return [_older_than(self._undeployed.what)]
        if self.worker.pending == "settings" or self._variables.differ():
            # Told above as what it is; here only as what follows from it.
            return [_older_than(self.worker.pending or "variables", follows=True)]
        if self.worker.pending == "suspension":
            return [Change("status", "suspended", LIVE)]
        if state.status == LIVE:
            return []
        # A deploy that is still within its time limit is followed, and is no drift.
        entry = "render-deploy-failed" if state.status in FAILED else "render-deploy-slow"
        return [Change("status", state.status, LIVE, requested=state.is_under_way(self._seconds), entry=entry)]

    def create(self, clouds: Connections) -> DeployState:
        """Follow the deploy that began with the worker; start one where there is none, or it began before a change."""
        first = self.worker.first_deploy
        if first and not self._undeployed.what:
            return self.follow(clouds.render, first)
        return self.follow(clouds.render, self._start(clouds.render))

    def update(self, clouds: Connections, state: DeployState, changes: list[Change]) -> DeployState:
        """Follow one that is on its way, or start another."""
        if [change.field for change in changes] == ["status"] and state.status not in FAILED:
            return self.follow(clouds.render, state.id)
        return self.create(clouds)

    def delete(self, clouds: Connections, state: DeployState) -> None:
        """Goes with its worker."""

    def planned(self) -> DeployState:
        """Nothing is live yet."""
        return DeployState("", "", "")

    def follow(self, render: Render, deploy_id: str) -> DeployState:
        """Wait until it is live, which takes up every change made before it began."""
        self._newest = follow(render, self.worker, deploy_id, self._seconds, self._on_progress)
        self._undeployed.forget()
        return self._newest

    def serving(self, render: Render) -> DeployState:
        """The newest deploy as this run last saw it; one that was not live then is looked at again.

        While it runs and is within its time limit, the one before it serves, if that is live.
        """
        if self._newest is None or self._newest.status != LIVE:
            listed = [
                DeployState.of(deploy) for deploy in render.deploys(self.worker.id) if deploy.status != "deactivated"
            ]
            self._newest = next(iter(listed), None)
            if self._newest and self._newest.is_under_way(self._seconds):
                return next((deploy for deploy in listed if deploy.status == LIVE), self._newest)
        return self._newest or self.planned()

    def _start(self, render: Render) -> str:
        """Operation create-deploy. An answer that is lost, or has no body, leaves the deploy to be found in the list."""
        earlier = {deploy.id for deploy in render.deploys(self.worker.id)}
        try:
            started = render.start_deploy(self.worker.id)
        except Unreachable:
            started = appeared(render, self.worker, earlier, "api")
            if not started:
                raise
            return started
        started = started or appeared(render, self.worker, earlier, "api")
        if not started:
            message = "Render queued a deploy and does not list it."
            raise UnexpectedResponse("Render", "start a deploy", message, "Run this again.", "render-deploy-slow")
        return started


def _older_than(subject: str, *, follows: bool = False) -> Change:
    return Change(subject, "as they stood before", "as they are", requested=follows)
