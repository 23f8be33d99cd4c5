"""Runbook notebooks as files: their parameters, and what an executed copy tells."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploybook.contract.model import Contract
from deploybook.errors import DocsError, InvalidValue
from deploybook.runbook.events import MIME

TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


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
        raise DocsError(str(path), 1, "there is no cell tagged parameters")
    source = "".join(cell["source"])
    lines = source.splitlines()
    found = {}
    for statement in ast.parse(source).body:
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value):
            raise DocsError(str(path), statement.lineno, "a parameter is written `name: type = default  # help`")
        name, annotation = statement.target.id, ast.unparse(statement.annotation)
        if annotation not in TYPES:
            raise DocsError(str(path), statement.lineno, f"the type of {name} is not one of {', '.join(TYPES)}")
        after = lines[statement.lineno - 1].encode()[statement.end_col_offset or 0 :].decode()
        default = ast.literal_eval(statement.value)
        found[name] = NotebookParameter(name, TYPES[annotation], default, after.partition("#")[2].strip())
    return found


def parse_parameter(contract: Contract, declared: NotebookParameter, text: object) -> object:
    """The value of a parameter given as text (``-p``) or as YAML (``-f``); raises InvalidValue naming what is allowed."""
    value = _converted(declared, text)
    if declared.name in contract.parameters:
        contract.parameters[declared.name].validate_value(declared.name, value)
    return value


def _converted(declared: NotebookParameter, given: object) -> object:
    wanted = declared.type
    if isinstance(given, wanted) and not (wanted is int and isinstance(given, bool)):
        return given
    if wanted is bool and isinstance(given, str) and given.lower() in {"true", "false"}:
        return given.lower() == "true"
    if wanted in {int, float} and isinstance(given, str | int) and not isinstance(given, bool):
        try:
            return wanted(given)
        except ValueError:
            pass
    name = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[wanted]
    raise InvalidValue(f"Parameter {declared.name} is {given!r}.", f"Give {name}: {declared.help}.")


def events(cell: Any) -> list[dict[str, Any]]:
    """The lines (see ``lines.Line``) that a code cell has shown, in their order."""
    return [output.data[MIME] for output in cell.get("outputs", []) if MIME in output.get("data", {})]


def code_cells(path: Path) -> list[tuple[str, set[str], str]]:
    """The code cells of a runbook in their order: id, tags, source."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        (cell["id"], set(cell["metadata"].get("tags", [])), "".join(cell["source"]))
        for cell in cells
        if cell["cell_type"] == "code"
    ]
