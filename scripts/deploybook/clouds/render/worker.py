"""The background worker as a service: where its code comes from, how it is built, on what it runs."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from deploybook.clouds import dashboards
from deploybook.clouds.render.schema import Details, Docker, ServiceAnswer
from deploybook.clouds.render.undeployed import Undeployed
from deploybook.clouds.resource import Change, Resource, VaultValues
from deploybook.clouds.times import moment
from deploybook.contract.consumers import ConsumerVariable
from deploybook.errors import Conflict, InvalidValue, NotFound
from deploybook.state.last_writes import LastWrites
from deploybook.state.pins import Account

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.render.client import Render

RUNTIME = "docker"
# Who may have suspended a service; the other ones do not let the operator's key resume it.
RESUMABLE = frozenset({"user", "stuck_crashlooping"})
# The troubleshooting entries of what a person may have changed; the other fields are drift.
ENTRIES = {"repository": "render-repository", "region": "render-region"}
# Nothing has to be deployed for the running worker to know of this change.
NEEDS_NO_DEPLOY = frozenset({"auto-deploy", "suspended"})


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
    """A worker as it is.

    ``first_deploy`` is the deploy that began when this run made the worker. ``pending`` says why what runs must be deployed again.
    """

    id: str
    owner_id: str
    settings: Settings
    suspenders: tuple[str, ...] = ()
    auto_deploy: bool = False
    runtime: str = RUNTIME
    first_deploy: str = ""
    pending: str = ""
    created: str = ""


class Worker(Resource[WorkerState]):
    """A background worker in Docker. Its variables are sent along when it is made, because it deploys at once."""

    kind: ClassVar[str] = "Render worker"
    provider: ClassVar[str] = "render"
    known_by_id: ClassVar[bool] = True

    def __init__(
        self,
        name: str,
        owner_id: str,
        settings: Settings,
        variables: Mapping[str, ConsumerVariable],
        last_writes: LastWrites,
    ) -> None:
        self.name = name
        self._owner_id = owner_id
        # Render keeps a path as it was typed: ./worker/Dockerfile is worker/Dockerfile.
        self._settings = replace(settings, dockerfile=_path(settings.dockerfile), context=_path(settings.context))
        self._variables = variables
        self.variables = ("RENDER_SERVICE_ID", "RENDER_DEPLOY_HOOK_URL")
        self._undeployed = Undeployed(last_writes, name)

    def identity(self, state: WorkerState) -> str:
        """The service's id, which it keeps when it is renamed."""
        return state.id

    def page(self, clouds: Connections, state: WorkerState) -> str:
        """Render's page of the worker."""
        del clouds
        return dashboards.render(state.id)

    def known(self, state: WorkerState | None, vault_values: VaultValues) -> bool:
        """The vault holds its id."""
        recorded = vault_values.get("RENDER_SERVICE_ID")
        return state is not None and recorded is not None and recorded.get_secret_value() == state.id

    def born(self, state: WorkerState) -> datetime | None:
        """``createdAt``."""
        return moment(state.created)

    def read(self, clouds: Connections) -> WorkerState | None:
        """By the ledger's id, else by name: names are unique in a workspace."""
        service = self._by_id(clouds.render)
        if service is None:
            listed = clouds.render.workers(self.name, self._owner_id)
            service = next((candidate for candidate in listed if candidate.name == self.name), None)
        if service is None:
            return None
        state = _state(service)
        fields = {change.field for change in self.differences(state)}
        pending = "settings" if fields - NEEDS_NO_DEPLOY else "suspension" if "suspended" in fields else ""
        return replace(state, pending=pending)

    def differences(self, state: WorkerState) -> list[Change]:
        """Compare field by field; a repository only if one is desired."""
        wanted, present = vars(self._settings), vars(state.settings)
        changes = [
            Change(field, present[field] or "none", wanted[field], entry=ENTRIES.get(field, ""))
            for field in wanted
            if wanted[field] and not _equal(field, present[field], wanted[field])
        ]
        if state.runtime != RUNTIME:
            changes.append(Change("runtime", state.runtime or "none", RUNTIME))
        if state.auto_deploy:
            changes.append(Change("auto-deploy", "on", "off"))
        if state.suspenders:
            entry = "render-billing" if "billing" in state.suspenders else "render-not-live"
            changes.append(Change("suspended", f"by {', '.join(state.suspenders)}", "no", entry=entry))
        return changes

    def create(self, clouds: Connections) -> WorkerState:
        """Operation create-service."""
        if not self._settings.repository:
            hint = "Write the application's repository as <OWNER>/<NAME>."
            raise InvalidValue("git_repository is not set.", hint, "render-repository")
        # What was noted belongs to an earlier worker of this name.
        self._undeployed.forget()
        made = clouds.render.create_service(self._desired())
        return replace(_state(made.service), first_deploy=made.deploy_id)

    def update(self, clouds: Connections, state: WorkerState, changes: list[Change]) -> WorkerState:
        """Operation update-service, then resume-service; raises Conflict for what can't be changed."""
        fields = {change.field for change in changes}
        self._refuse_the_impossible(state, fields)
        if fields - NEEDS_NO_DEPLOY:
            self._undeployed.note("settings")
        if fields - {"suspended"}:
            clouds.render.update_service(state.id, self._source() | {"serviceDetails": self._details()})
        if state.suspenders:
            clouds.render.resume(state.id)
        return WorkerState(state.id, state.owner_id, self._settings, pending=state.pending)

    def delete(self, clouds: Connections, state: WorkerState) -> None:
        """Operation delete-service."""
        clouds.render.delete_service(state.id)
        self._undeployed.forget()

    def planned(self) -> WorkerState:
        """Its id is known only when it is made."""
        return WorkerState("", self._owner_id, self._settings)

    def _by_id(self, render: Render) -> ServiceAnswer | None:
        try:
            return render.service(self.known_id) if self.known_id else None
        except NotFound:
            return None

    def _desired(self) -> dict[str, Any]:
        variables = [
            {"key": variable.name, "value": variable.value.get_secret_value()} for variable in self._variables.values()
        ]
        details = {"runtime": RUNTIME, "region": self._settings.region, **self._details()}
        about = {"type": "background_worker", "name": self.name, "ownerId": self._owner_id}
        return about | self._source() | {"envVars": variables, "serviceDetails": details}

    def _source(self) -> dict[str, Any]:
        # CI starts deploys through the deploy hook, after its checks: a push alone must not start one as well.
        source = {"autoDeploy": "no", "branch": self._settings.branch}
        return source | ({"repo": _url(self._settings.repository)} if self._settings.repository else {})

    def _details(self) -> dict[str, Any]:
        docker = {"dockerfilePath": self._settings.dockerfile, "dockerContext": self._settings.context}
        return {"plan": self._settings.plan, "envSpecificDetails": docker}

    def _refuse_the_impossible(self, state: WorkerState, fields: set[str]) -> None:
        actual, desired = state.settings, self._settings
        if "region" in fields:
            message = f"The worker {self.name} runs in {actual.region}, and Render can't move it to {desired.region}."
            hint = f"Give region {actual.region}, or another service_name for a new worker."
            raise Conflict("Render", "change the region", message, hint, "render-region")
        if "runtime" in fields:
            message = f"The service {self.name} is not built from a Dockerfile: its runtime is {state.runtime}."
            hint = "Choose another service_name: that service is not this guide's worker."
            raise Conflict("Render", "change the runtime", message, hint)
        if not RESUMABLE.issuperset(state.suspenders):
            message = (
                f"The worker {self.name} is suspended by {', '.join(state.suspenders)}, which no API key can lift."
            )
            hint = "Resolve it under Billing, or with Render's support; then Render resumes it."
            raise Conflict("Render", "resume the worker", message, hint, "render-billing")


def owner(render: Render, name: str) -> str:
    """The id of the workspace: the one named, else the one in which the environment lives, else the only one.

    Raises NotFound or InvalidValue, naming those there are, or OtherAccount if the environment lives in another one.
    """
    owners, name = render.owners(), name or render.home
    names = ", ".join(sorted(f"{owner.name} ({owner.id})" for owner in owners)) or "none"
    matching = [owner for owner in owners if name in {owner.name, owner.id}] if name else owners
    if not matching:
        wanted = f"the workspace {name}" if name else "any workspace"
        message = f"The key cannot access {wanted} (it can access {names})."
        hint = "Check the parameter owner, and which user the key belongs to."
        raise NotFound("Render", "find the workspace", message, hint, "render-owner")
    if len(matching) > 1:
        message = f"The key can access several workspaces: {names}."
        raise InvalidValue(
            message, "Set the parameter owner to one of them, by its id if two share a name.", "render-owner"
        )
    render.use(Account(id=matching[0].id, name=matching[0].name))
    return matching[0].id


def key_sees_workspace(render: Render, name: str) -> str:
    """The API key is known and sees the workspace."""
    return owner(render, name)


def _url(repository: str) -> str:
    return f"https://github.com/{repository}"


def _equal(field: str, present: str, wanted: str) -> bool:
    # To GitHub OWNER/NAME and owner/name are the same; branches and paths are case-sensitive.
    return present.casefold() == wanted.casefold() if field == "repository" else present == wanted


def _path(path: str) -> str:
    return posixpath.normpath(path or ".")


def _state(service: ServiceAnswer) -> WorkerState:
    details = service.details or Details()
    docker = details.docker or Docker()
    settings = Settings(
        repository=service.repo.removeprefix("https://github.com/").removesuffix(".git"),
        branch=service.branch,
        region=details.region,
        plan=details.plan,
        dockerfile=_path(docker.dockerfile_path),
        context=_path(docker.docker_context),
    )
    suspended = service.suspended == "suspended"
    return WorkerState(
        service.id,
        service.owner_id,
        settings,
        suspenders=(service.suspenders or ("user",)) if suspended else (),
        auto_deploy=service.auto_deploy == "yes",
        runtime=details.runtime or details.env,
        created=service.created,
    )
