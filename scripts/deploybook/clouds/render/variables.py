"""The worker's variables: what the contract sends to Render, and nothing of others touched."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar

from deploybook.clouds.render.worker import UNDEPLOYED, WorkerState
from deploybook.clouds.resource import Change, Resource
from deploybook.clouds.vercel.fingerprints import matches
from deploybook.errors import VerificationFailed
from deploybook.observed import Observed
from deploybook.pushing import Pushed

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.render.client import Render
    from deploybook.clouds.vercel.client import Vercel

# Render allows 30 such writes a minute; more at once would only meet that limit sooner.
SIDE_BY_SIDE = 4


class Variables(Resource[dict[str, str]]):
    """The wanted variables of one worker, set one by one: Render's whole-list request would delete all others."""

    kind: ClassVar[str] = "Render variables"

    def __init__(self, name: str, worker: WorkerState, wanted: Mapping[str, Pushed], observed: Observed) -> None:
        self.name = name
        self.goes_with = ("Render worker", name)
        self._worker = worker
        self._wanted = dict(wanted)
        self._observed = observed
        self._found: dict[str, str] | None = None

    def read(self, clouds: Connections) -> dict[str, str] | None:
        """Operation list-env-vars, once; None if none of the wanted names is there."""
        self._found = clouds.render.variables(self._worker.id) if self._worker.id else {}
        return self._found if self._found.keys() & self._wanted.keys() else None

    def differences(self, state: dict[str, str]) -> list[Change]:
        """One change for each variable that is missing or differs; values are compared and never shown."""
        problems = {name: _judge(state.get(name), each) for name, each in self._wanted.items()}
        return [Change(name, problem, "as in the vault") for name, problem in problems.items() if problem]

    def create(self, clouds: Connections) -> dict[str, str]:
        """Set all of them."""
        return self._set(clouds, list(self._wanted))

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

    def verify(self, render: Render) -> str:
        """Look again if something was written, and raise VerificationFailed naming the first variable that differs."""
        if self._found is None:
            self._found = render.variables(self._worker.id)
        changes = self.differences(self._found)
        if changes:
            found = ", ".join(f"{change.field} {change.old}" for change in changes)
            message = f"Render: {changes[0].field} is {changes[0].old}."
            raise VerificationFailed(
                message, "Run deploybook run render --mode apply.", "render-variables", "as in the vault", found
            )
        left = sorted(self._found.keys() - self._wanted.keys())
        return f"{len(self._wanted)}" + (f"; not in the contract, and left: {', '.join(left)}" if left else "")

    def agree_with_vercel(self, vercel: Vercel, project_name: str) -> str:
        """What web app and worker share is the same at both: by Vercel's fingerprints, or by value where it shows one."""
        project = vercel.project(project_name)
        entries = vercel.variables(project["id"]) if project else []
        serving = {entry["key"]: entry for entry in entries if "production" in (entry.get("target") or [])}
        shared = sorted(serving.keys() & self._wanted.keys())
        for name in shared:
            value, entry = self._wanted[name].value, serving[name]
            same = (
                matches(entry.get("comment"), value)
                if entry["type"] == "sensitive"
                else entry.get("value") == value.get_secret_value()
            )
            if not same:
                raise VerificationFailed(
                    f"{name} differs between Vercel and Render.",
                    "Run deploybook run vercel render --mode apply.",
                    "worker-idle",
                )
        if not shared:
            raise VerificationFailed(
                f"Vercel's project {project_name} shares no variable.", "Run the vercel section.", "vercel-variables"
            )
        return f"{len(shared)} shared"

    def _set(self, clouds: Connections, names: list[str]) -> dict[str, str]:
        # Before the first write: a run killed between write and deploy must deploy when it is run again.
        self._observed.put(UNDEPLOYED, {"what": "variables"})
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            values = {name: self._wanted[name].value.get_secret_value() for name in names}
            list(pool.map(lambda name: clouds.render.put_variable(self._worker.id, name, values[name]), names))
        found = {**(self._found or {}), **values}
        # What was written is looked at again by ``verify``.
        self._found = None
        return found


def _judge(found: str | None, wanted: Pushed) -> str:
    if found is None:
        return "missing"
    if found == wanted.value.get_secret_value():
        return ""
    return "different by white space" if found.strip() == wanted.value.get_secret_value() else "different"
