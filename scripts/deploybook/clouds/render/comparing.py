"""The worker's variables beside the vault's, value by value: Render shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deploybook.clouds.comparison import ConsumerDrift, DriftStatus, VariableDrift, Wanted, findings
from deploybook.clouds.render.variables import Variables
from deploybook.clouds.render.worker import Settings, Worker, WorkerState, owner

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.state.last_writes import LastWrites


def compare(
    clouds: Connections, wanted: Wanted, last_writes: LastWrites, parameters: Mapping[str, Any]
) -> ConsumerDrift:
    """``parameters``: ``service_name`` and ``owner``. Raises a ServiceError if Render refuses."""
    name, workspace = str(parameters["service_name"]), owner(clouds.render, str(parameters["owner"]))
    worker = Worker(name, workspace, Settings(""), {}, last_writes).read(clouds)
    variables_on_render = clouds.render.variables(worker.id) if worker else {}
    variables = Variables(name, worker or WorkerState("", workspace, Settings("")), wanted.values, last_writes)
    judged = {change.field: _finding(change.old) for change in variables.differences(variables_on_render)}
    return findings(wanted, variables_on_render, judged)


def _finding(problem: str) -> VariableDrift:
    if problem == "missing":
        return VariableDrift(DriftStatus.MISSING)
    return VariableDrift(DriftStatus.DIFFERS, problem.removeprefix("different").strip())
