"""The project's production variables beside the vault's: plain ones by value, sensitive ones by the fingerprint in their comment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deploybook.clouds.comparison import ConsumerDrift, DriftStatus, VariableDrift, Wanted, findings
from deploybook.clouds.vercel.fingerprints import FORM
from deploybook.clouds.vercel.project import Project
from deploybook.clouds.vercel.schema import VariableAnswer
from deploybook.clouds.vercel.variables import READABLE, Variables

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.state.last_writes import LastWrites


def compare(
    clouds: Connections, wanted: Wanted, last_writes: LastWrites, parameters: Mapping[str, Any]
) -> ConsumerDrift:
    """``parameters``: ``project_name``. Raises a ServiceError if Vercel refuses."""
    project = Project(str(parameters["project_name"]))
    state = project.read(clouds)
    entries = clouds.vercel.variables(state.id) if state else []
    variables = Variables(project.name, state or project.planned(), wanted.values, last_writes)
    present = {entry.key: entry for entry in entries}
    judged = {
        change.field: _finding(change.old, present.get(change.field)) for change in variables.differences(entries)
    }
    return findings(wanted, present, judged)


def _finding(problem: str, variable: VariableAnswer | None) -> VariableDrift:
    if problem == "missing" or variable is None:
        return VariableDrift(DriftStatus.MISSING)
    if problem.startswith("set for"):
        return VariableDrift(DriftStatus.OTHER_TARGET, problem)
    if problem == "different" and variable.type == "sensitive" and not FORM.fullmatch(variable.comment):
        return VariableDrift(DriftStatus.UNTELLABLE, "sensitive, and not set by deploybook")
    if problem == READABLE:
        # Every service works all the same, so no other check shows it.
        return VariableDrift(DriftStatus.DIFFERS, problem, Variables.drift_entry)
    return VariableDrift(DriftStatus.DIFFERS, "" if problem == "different" else problem)
