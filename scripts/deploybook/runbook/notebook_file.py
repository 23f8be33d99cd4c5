"""Runbook notebooks as files: their parameters, and the events in an executed copy."""

from __future__ import annotations

import ast
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deploybook.contract.model import Contract
from deploybook.errors import DocsError, InvalidValue
from deploybook.runbook.events import MIME

ATTEMPTS = 20
TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
# What people write for the two values of a bool.
SPOKEN = dict.fromkeys(("yes", "on", "1", "y"), "true") | dict.fromkeys(("no", "off", "0", "n"), "false")


@dataclass(frozen=True)
class NotebookParameter:
    """One parameter as its notebook declares it: ``name: type = default  # help``."""

    name: str
    type: type
    default: object
    help: str


def read_parameters(path: Path) -> dict[str, NotebookParameter]:
    """The parameters of a runbook.

    Read with ``ast``: papermill's own reading takes a default with ``=`` in it for no parameter (nteract/papermill#864).
    """
    # Plain JSON: importing nbformat would take the command line over a second.
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    cell = next((cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])), None)
    if cell is None:
        raise DocsError(str(path), 1, "it has no cell tagged parameters")
    source = "".join(cell["source"])
    lines = source.splitlines()
    parameters = {}
    for statement in _parsed(source).body:
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value):
            raise DocsError(str(path), statement.lineno, "a parameter is written `name: type = default  # help`")
        name, annotation = statement.target.id, ast.unparse(statement.annotation)
        if annotation not in TYPES:
            raise DocsError(str(path), statement.lineno, f"the type of {name} is not one of {', '.join(TYPES)}")
        after = lines[statement.lineno - 1].encode()[statement.end_col_offset or 0 :].decode()
        default = ast.literal_eval(statement.value)
        parameters[name] = NotebookParameter(name, TYPES[annotation], default, after.partition("#")[2].strip())
    return parameters


def _parsed(source: str) -> ast.Module:
    """The tree of a source.

    CPython 3.11 counts the depth of the trees that it builds for all threads together. Doctor's sections read side by side: where a
    collection of garbage lets one go on while another builds, the count is wrong at the end, and a good tree is refused with SystemError.
    Each tree starts the count anew.
    """
    for _ in range(ATTEMPTS):
        with contextlib.suppress(SystemError):
            return ast.parse(source)
    return ast.parse(source)


def values_of(
    path: Path, contract: Contract, environment: str, chosen: Mapping[str, object] = MappingProxyType({})
) -> dict[str, Any]:
    """The values that a runbook runs with in an environment: those ``chosen``, else its defaults; an empty name means the environment's."""
    return {
        name: contract.named(name, chosen.get(name, declared.default), environment)
        for name, declared in read_parameters(path).items()
    }


def parse_parameter(contract: Contract, declared: NotebookParameter, text: object) -> object:
    """Parse a parameter's value from text (``-p``) or YAML (``-f``); raises InvalidValue that names the allowed values."""
    value = _converted(declared, text)
    if declared.name in contract.parameters:
        contract.parameters[declared.name].validate_value(declared.name, value)
    return value


def require_type(declared: NotebookParameter, value: object) -> None:
    """Raise InvalidValue unless the value has the parameter's type. An int is a valid float; a bool is neither."""
    accepted: tuple[type, ...] = (int, float) if declared.type is float else (declared.type,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and declared.type is not bool):
        raise _wrong_type(declared, value)


def _converted(declared: NotebookParameter, value: object) -> object:
    wanted = declared.type
    if wanted is bool and isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if wanted in {int, float} and isinstance(value, str | int) and not isinstance(value, bool):
        try:
            return wanted(value)
        except ValueError:
            raise _wrong_type(declared, value) from None
    require_type(declared, value)
    return value


def _wrong_type(declared: NotebookParameter, value: object) -> InvalidValue:
    form = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[declared.type]
    meant = SPOKEN.get(str(value).casefold(), "") if declared.type is bool else ""
    error = InvalidValue(f"Parameter {declared.name} is {value!r}.", f"Give {form}: {declared.help}.")
    return error.suggesting(str(value), meant)


def events(cell: Any) -> list[dict[str, Any]]:
    """The events (see ``events.Event``) that a code cell has shown, in order, as plain dictionaries.

    Not nbformat's own kind of dictionary: whoever unpickles one imports nbformat, which takes the runner over a second.
    """
    payloads = [output["data"][MIME] for output in cell.get("outputs", []) if MIME in output.get("data", {})]
    plain: list[dict[str, Any]] = json.loads(json.dumps(payloads))
    return plain


def code_cells(path: Path) -> list[tuple[str, set[str], str]]:
    """The code cells of a runbook in their order: id, tags, source."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        (cell["id"], set(cell["metadata"].get("tags", [])), "".join(cell["source"]))
        for cell in cells
        if cell["cell_type"] == "code"
    ]
