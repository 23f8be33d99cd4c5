"""The rules on a runbook's parameters, enforced where a runbook is opened, whoever opens it.

The command line checks its parameters before it starts anything. papermill, JupyterLab, nbconvert and nbclient don't: papermill only
warns of an unknown name, and ``-p rotate false`` is a string to it, which Python takes for true.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from deploybook.contract.model import Contract
from deploybook.errors import InvalidValue, UnknownParameter
from deploybook.runbook.notebook_file import NotebookParameter, read_parameters, require_type


def check_parameters(
    contract: Contract,
    notebook: Path,
    arguments: Mapping[str, object],
    namespace: Mapping[str, object],
    executed: Sequence[str],
) -> None:
    """Raise InvalidValue or UnknownParameter with every problem at once.

    ``notebook`` is the committed runbook, whose ``parameters`` cell is the reference. The values are the variables of these names in
    ``namespace``, where the cells run, and ``arguments`` of the call. ``executed`` are the sources of the cells before, oldest first.
    """
    declared = read_parameters(notebook) if notebook.exists() else {}
    values = {name: namespace[name] for name in declared if name in namespace} | dict(arguments)
    unknown = [_unknown(name, declared) for name in injected_names(executed) if name not in declared]
    problems = [*unknown, *_problems(contract, declared, values)]
    if not problems:
        return
    kind = UnknownParameter if unknown else InvalidValue
    raise kind(
        " ".join(problem.message for problem in problems), " ".join(dict.fromkeys(problem.hint for problem in problems))
    )


def injected_names(executed: Sequence[str]) -> list[str]:
    """The names that the cells right before the one that opens the runbook assign: its parameters, and values injected over them.

    These are the cells that assign and do nothing else, up to the first that does more.
    """
    names: dict[str, None] = {}
    for source in reversed(executed):
        assigned = _assigned(source)
        if assigned is None:
            break
        names |= dict.fromkeys(assigned)
    return sorted(names)


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
    near = difflib.get_close_matches(name, declared, 1)
    guess = f"Did you mean {near[0]}? " if near else ""
    return UnknownParameter(f"The runbook has no parameter {name}.", f"{guess}It has {', '.join(sorted(declared))}.")


def _assigned(source: str) -> list[str] | None:
    """The names that a cell assigns; None if it does anything else, or is not Python (a magic)."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    names: list[str] = []
    for statement in body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or not all(isinstance(t, ast.Name) for t in targets):
            return None
        names += [target.id for target in targets if isinstance(target, ast.Name)]
    return names
