"""The worker's variables: what the contract sends to Render, and nothing of others touched."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar

from pydantic import SecretStr

from deploybook.clouds import dashboards
from deploybook.clouds.render.undeployed import Undeployed
from deploybook.clouds.render.worker import WorkerState
from deploybook.clouds.resource import Change, Resource, VaultValues
from deploybook.clouds.vercel.fingerprints import matches
from deploybook.contract.consumers import ConsumerVariable
from deploybook.errors import VerificationFailed
from deploybook.state.last_writes import LastWrites

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.render.client import Render
    from deploybook.clouds.vercel.client import Vercel
    from deploybook.clouds.vercel.schema import VariableAnswer

# Render allows 30 such writes a minute; more at once would only meet that limit sooner.
SIDE_BY_SIDE = 4


class Variables(Resource[dict[str, str]]):
    """The wanted variables of one worker, set one by one: Render's whole-list request would delete all others."""

    kind: ClassVar[str] = "Render variables"
    provider: ClassVar[str] = "render"
    absent_entry = drift_entry = "render-variables"

    def __init__(
        self, name: str, worker: WorkerState, wanted: Mapping[str, ConsumerVariable], last_writes: LastWrites
    ) -> None:
        self.name = name
        self.deleted_with = self.within = ("Render worker", name)
        self._worker = worker
        self._wanted = dict(wanted)
        self._undeployed = Undeployed(last_writes, name)
        self._found: dict[str, str] | None = None

    def page(self, clouds: Connections, state: dict[str, str]) -> str:
        """The worker's variables."""
        del clouds, state
        return dashboards.render(self._worker.id, "env")

    def known(self, state: object, vault_values: VaultValues) -> bool:
        """The vault holds the worker's id."""
        del state
        recorded = vault_values.get("RENDER_SERVICE_ID")
        return recorded is not None and bool(self._worker.id) and recorded.get_secret_value() == self._worker.id

    def read(self, clouds: Connections) -> dict[str, str] | None:
        """Operation get-env-vars-for-service, once; None if none of the wanted names is there, or they came with the worker just now."""
        self._found = clouds.render.variables(self._worker.id) if self._worker.id else {}
        made_now = bool(self._worker.first_deploy)
        return None if made_now or not self._found.keys() & self._wanted.keys() else self._found

    def differences(self, state: dict[str, str]) -> list[Change]:
        """One change for each variable that is missing or differs; values are compared and never shown."""
        problems = {name: _judge(state.get(name), variable) for name, variable in self._wanted.items()}
        return [Change(name, problem, "as in the vault") for name, problem in problems.items() if problem]

    def create(self, clouds: Connections) -> dict[str, str]:
        """Set those that did not come with the worker."""
        present = self._found or {}
        return self._set(clouds, [change.field for change in self.differences(present)])

    def update(self, clouds: Connections, state: dict[str, str], changes: list[Change]) -> dict[str, str]:
        """Set those that differ."""
        del state
        return self._set(clouds, [change.field for change in changes])

    def delete(self, clouds: Connections, state: dict[str, str]) -> None:
        """Remove the wanted ones."""
        for name in state.keys() & self._wanted.keys():
            clouds.render.delete_variable(self._worker.id, name)

    def planned(self) -> dict[str, str]:
        """Nothing is there yet."""
        return {}

    def differ(self) -> bool:
        """Whether a variable, as last read, differs from the desired value: setting it requires a deploy."""
        return self._found is not None and bool(self.differences(self._found))

    def verify(self, render: Render) -> str:
        """Look again if something was written, and raise VerificationFailed naming the variables that differ."""
        changes = self.differences(self._looked_at(render))
        if changes:
            differing = ", ".join(f"{change.field} {change.old}" for change in changes)
            message = f"Render: {changes[0].field} is {changes[0].old}."
            hint = "Run deploybook run render --mode apply."
            raise VerificationFailed(message, hint, "render-variables", "as in the vault", differing)
        others = sorted(self._looked_at(render).keys() - self._wanted.keys())
        return f"{len(self._wanted)}" + (f"; not in the contract, and left: {', '.join(others)}" if others else "")

    def agree_with_vercel(
        self, render: Render, vercel: Vercel, project_name: str, wanted_there: Collection[str]
    ) -> str:
        """What web app and worker share is the same at both: by Vercel's fingerprints, or by value where it shows one."""
        project = vercel.project(project_name)
        entries = vercel.variables(project.id) if project else []
        on_vercel = {entry.key: entry for entry in entries if "production" in entry.targets}
        on_render = self._looked_at(render)
        shared = sorted(self._wanted.keys() & set(wanted_there))
        otherwise = [name for name in shared if not _same(on_render.get(name), on_vercel.get(name))]
        if otherwise:
            message = f"Vercel's project {project_name} and Render differ in {', '.join(otherwise)}."
            hint = "Run deploybook run vercel render --mode apply."
            raise VerificationFailed(message, hint, "worker-idle")
        return f"{len(shared)} shared"

    def _looked_at(self, render: Render) -> dict[str, str]:
        if self._found is None:
            self._found = render.variables(self._worker.id) if self._worker.id else {}
        return self._found

    def _set(self, clouds: Connections, names: list[str]) -> dict[str, str]:
        present = self._found or {}
        if not names:
            return present
        self._undeployed.note("variables")
        values = {name: self._wanted[name].value.get_secret_value() for name in names}
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            list(pool.map(lambda name: clouds.render.put_variable(self._worker.id, name, values[name]), names))
        # What was written is looked at again before anything is said of it.
        self._found = None
        return {**present, **values}


def _judge(value: str | None, wanted: ConsumerVariable) -> str:
    if value is None:
        return "missing"
    if value == wanted.value.get_secret_value():
        return ""
    return "different by white space" if value.strip() == wanted.value.get_secret_value() else "different"


def _same(on_render: str | None, on_vercel: VariableAnswer | None) -> bool:
    if on_render is None or on_vercel is None:
        return False
    if on_vercel.type == "sensitive":
        return matches(on_vercel.comment, SecretStr(on_render))
    return on_vercel.value == on_render
