"""The background worker as a service: where its code comes from, how it is built, on what it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from deploybook.clouds.resource import Change, Resource
from deploybook.errors import Conflict, InvalidValue, NotFound
from deploybook.observed import Observed
from deploybook.pushing import Pushed

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.render.client import Render

# In the record of what we wrote: something was changed that no deploy has taken up yet.
UNDEPLOYED = "render:undeployed"


@dataclass(frozen=True)
class Settings:
    """How the worker is built and run; ``repository`` is ``OWNER/NAME`` on GitHub."""

    repository: str
    branch: str = "main"
    region: str = "oregon"
    plan: str = "starter"
    dockerfile: str = "worker/Dockerfile"
    context: str = "."


@dataclass(frozen=True)
class WorkerState:
    """A worker as it is."""

    id: str
    owner_id: str
    settings: Settings
    suspended: bool = False


class Worker(Resource[WorkerState]):
    """A background worker in Docker. Its variables are sent along when it is made, because it deploys at once."""

    kind: ClassVar[str] = "Render worker"

    def __init__(
        self, name: str, owner_id: str, settings: Settings, variables: Mapping[str, Pushed], observed: Observed
    ) -> None:
        self.name = name
        self._owner_id = owner_id
        self._settings = settings
        self._variables = variables
        self._observed = observed

    def read(self, clouds: Connections) -> WorkerState | None:
        """By name: names are unique in a workspace."""
        found = [each for each in clouds.render.workers(self.name, self._owner_id) if each["name"] == self.name]
        return _state(found[0]) if found else None

    def differences(self, state: WorkerState) -> list[Change]:
        """Field by field; a repository is compared only if one is wished for."""
        wanted, found = vars(self._settings), vars(state.settings)
        changes = [
            Change(field, found[field] or "none", wanted[field])
            for field in wanted
            if wanted[field] and found[field] != wanted[field]
        ]
        return [*changes, Change("suspended", "yes", "no")] if state.suspended else changes

    def create(self, clouds: Connections) -> WorkerState:
        """Operation create-service."""
        if not self._settings.repository:
            raise InvalidValue(
                "No git_repository is given.",
                "Give the application's repository as <OWNER>/<NAME>.",
                "render-repository",
            )
        body = {
            "type": "background_worker",
            "name": self.name,
            "ownerId": self._owner_id,
            # Deploys are started by CI through the deploy hook, after the checks; a push alone must not start one.
            "autoDeploy": "no",
            "repo": _url(self._settings.repository),
            "branch": self._settings.branch,
            "envVars": [
                {"key": each.name, "value": each.value.get_secret_value()} for each in self._variables.values()
            ],
            "serviceDetails": {"runtime": "docker", "region": self._settings.region, **self._details()},
        }
        return _state(clouds.render.create_service(body)["service"])

    def update(self, clouds: Connections, state: WorkerState, changes: list[Change]) -> WorkerState:
        """Operation update-service; a region can't be changed."""
        fields = {change.field for change in changes}
        if "region" in fields:
            raise Conflict(
                "Render",
                "change the region",
                f"The worker {self.name} runs in {state.settings.region}, and Render can't move it to {self._settings.region}.",
                f"Give region {state.settings.region}, or another service_name for a new worker.",
                "render-region",
            )
        if fields - {"suspended"}:
            self._observed.put(UNDEPLOYED, {"what": "settings"})
            body: dict[str, Any] = {"branch": self._settings.branch, "serviceDetails": self._details()}
            if self._settings.repository:
                body["repo"] = _url(self._settings.repository)
            clouds.render.update_service(state.id, body)
        if state.suspended:
            clouds.render.resume(state.id)
        return WorkerState(state.id, state.owner_id, self._settings)

    def delete(self, clouds: Connections, state: WorkerState) -> None:
        """Operation delete-service."""
        clouds.render.delete_service(state.id)
        self._observed.forget(UNDEPLOYED)

    def planned(self) -> WorkerState:
        """Its id is known only when it is made."""
        return WorkerState("", self._owner_id, self._settings)

    def _details(self) -> dict[str, Any]:
        docker = {"dockerfilePath": self._settings.dockerfile, "dockerContext": self._settings.context}
        return {"plan": self._settings.plan, "envSpecificDetails": docker}


def owner(render: Render, name: str) -> str:
    """The id of the workspace: the one named, or the only one. Raises NotFound or InvalidValue, naming those there are."""
    owners = render.owners()
    names = ", ".join(sorted(each["name"] for each in owners)) or "none"
    found = [each for each in owners if name in {each["name"], each["id"]}] if name else owners
    if not found:
        raise NotFound(
            "Render",
            "find the workspace",
            f"The key sees no workspace {name} (it sees {names}).",
            "Check owner.",
            "render-owner",
        )
    if len(found) > 1:
        raise InvalidValue(
            f"The key sees several workspaces: {names}.", "Name one in the parameter owner.", "render-owner"
        )
    return str(found[0]["id"])


def key_sees_workspace(render: Render, name: str) -> str:
    """The API key is known and sees the workspace."""
    return owner(render, name)


def _url(repository: str) -> str:
    return f"https://github.com/{repository}"


def _state(found: Mapping[str, Any]) -> WorkerState:
    details = found.get("serviceDetails") or {}
    docker = details.get("envSpecificDetails") or {}
    settings = Settings(
        repository=str(found.get("repo") or "").removeprefix("https://github.com/").removesuffix(".git"),
        branch=found.get("branch") or "",
        region=details.get("region") or "",
        plan=details.get("plan") or "",
        dockerfile=str(docker.get("dockerfilePath") or "").removeprefix("./"),
        context=docker.get("dockerContext") or "",
    )
    return WorkerState(found["id"], found["ownerId"], settings, found.get("suspended") == "suspended")
