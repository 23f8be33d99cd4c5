"""The rules on a runbook's parameters, enforced where a runbook is opened, whoever opens it.

The command line checks its parameters before it starts anything. papermill, JupyterLab, nbconvert and nbclient don't: papermill only
warns of an unknown name, and ``-p rotate false`` is a string to it, which Python takes for true.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path

from deploybook.contract.model import Contract
from deploybook.contract.nearest import did_you_mean
from deploybook.contract.tables import ENVIRONMENT
from deploybook.errors import InvalidValue, UnknownParameter
from deploybook.runbook.notebook_file import NotebookParameter, read_parameters, require_type
from deploybook.runbook.settings import Settings

# Where whoever executes cells without a kernel says which parameters were chosen for this run.
CHOSEN = "__chosen_parameters__"


def check_parameters(
    contract: Contract,
    notebook: Path,
    arguments: Mapping[str, object],
    namespace: Mapping[str, object],
    executed: Sequence[str],
    settings: Settings,
) -> None:
    """Raise InvalidValue or UnknownParameter with every problem at once.

    What ``papermill -f`` injects from the environment's ``settings`` for other sections is passed over.

    ``notebook`` is the committed runbook, whose ``parameters`` cell is the reference. The values are the variables of these names in
    ``namespace``, where the cells run, and ``arguments`` of the call. ``executed`` are the sources of the cells before, oldest first.
    """
    declared = read_parameters(notebook) if notebook.exists() else {}
    values = {name: namespace[name] for name in declared if name in namespace} | dict(arguments)
    others = [name for name in injected_names(executed) if name not in declared]
    unknown = [_unknown(name, declared) for name in others if not settings.injects(name, namespace.get(name))]
    problems = [*unknown, *_problems(contract, declared, values)]
    if not problems:
        return
    kind = UnknownParameter if unknown else InvalidValue
    raise kind(
        " ".join(problem.message for problem in problems), " ".join(dict.fromkeys(problem.hint for problem in problems))
    )


def fill_in(
    contract: Contract,
    notebook: Path,
    settings: Settings,
    namespace: MutableMapping[str, object],
    executed: Sequence[str],
    *,
    rehearsal: bool,
) -> None:
    """Give each parameter that nobody chose for this run the value that the settings have for it."""
    if not settings.exist or not notebook.exists():
        return
    settled = settings.parameters_for(contract, rehearsal=rehearsal)
    chosen = chosen_names(executed, namespace)
    for name, declared in read_parameters(notebook).items():
        value = namespace.get(name, declared.default)
        if settings.injects(name, value):
            # From the file itself: what a dry run leaves out of it has its default again.
            namespace[name] = settled.get(name, declared.default if name != ENVIRONMENT else value)
        elif name in settled and name not in chosen and value == declared.default:
            namespace[name] = settled[name]


def chosen_names(executed: Sequence[str], namespace: Mapping[str, object]) -> set[str]:
    """The parameters that were chosen for this run: assigned without a type, as papermill does below the parameters cell."""
    marked = namespace.get(CHOSEN, ())
    plain = {name for name, typed in _block(executed) if not typed}
    return plain | {str(name) for name in (marked if isinstance(marked, Iterable) else ())}


def injected_names(executed: Sequence[str]) -> list[str]:
    """The names that the cells right before the one that opens the runbook assign: its parameters, and values injected over them."""
    return sorted({name for name, _ in _block(executed)})


def _block(executed: Sequence[str]) -> list[tuple[str, bool]]:
    """The assignments of the last cells that assign and do nothing else; whether each states a type, as the parameters cell does."""
    assignments: list[tuple[str, bool]] = []
    for source in reversed(executed):
        assigned = _assigned(source)
        if assigned is None:
            break
        assignments += assigned
    return assignments


def _problems(
    contract: Contract, declared: Mapping[str, NotebookParameter], values: Mapping[str, object]
) -> Iterable[InvalidValue]:
    for name, value in values.items():
        try:
            if name in declared:
                require_type(declared[name], value)
            if name in contract.parameters:
                contract.parameters[name].validate_value(name, value)
        except InvalidValue as problem:
            yield problem


def _unknown(name: str, declared: Mapping[str, NotebookParameter]) -> UnknownParameter:
    guess = did_you_mean(name, declared)
    return UnknownParameter(f"The runbook has no parameter {name}.", f"{guess}It has {', '.join(sorted(declared))}.")


def _assigned(source: str) -> list[tuple[str, bool]] | None:
    """The names that a cell assigns, and whether with a type; None if it does anything else, or is not Python (a magic)."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    names: list[tuple[str, bool]] = []
    for statement in body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or not all(
            isinstance(target, ast.Name) for target in targets
        ):
            return None
        typed = isinstance(statement, ast.AnnAssign)
        names += [(target.id, typed) for target in targets if isinstance(target, ast.Name)]
    return names
