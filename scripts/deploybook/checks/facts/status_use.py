"""The HTTP statuses that the package's code goes by: those of each function and class, and of the errors that a table makes of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

_IN_WORDS = re.compile(r"(?<![\w.])[1-5]\d\d(?![\w.])")
_KNOWN = frozenset(status.value for status in HTTPStatus)


@dataclass(frozen=True)
class Scope:
    """A function, a class or a constant: its name, its lines from ``first`` to ``last``, the statuses in it or in the constants that it
    names, and all names in it: to catch an error of a class is to go by the status of that class.
    """

    name: str
    first: int
    last: int
    statuses: frozenset[int]
    names: frozenset[str]


def scopes(module: ast.Module) -> tuple[Scope, ...]:
    """Every scope of a module, outer ones first."""
    constants = {scope.name: scope.statuses for scope in _constants(module)}
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    definitions = [node for node in ast.walk(module) if isinstance(node, kinds)]
    return (*_constants(module), *(_scope(node.name, node, node, constants) for node in definitions))


def classes_by_status(module: ast.Module) -> Mapping[str, frozenset[int]]:
    """The classes that a table such as ``{404: NotFound}`` makes of statuses."""
    result: dict[str, frozenset[int]] = {}
    for table in (node for node in ast.walk(module) if isinstance(node, ast.Dict)):
        for key, value in zip(table.keys, table.values, strict=True):
            status = key.value if isinstance(key, ast.Constant) else None
            if isinstance(status, int) and status in _KNOWN and isinstance(value, ast.Name):
                result[value.id] = result.get(value.id, frozenset()) | {status}
    return result


def _constants(module: ast.Module) -> Iterator[Scope]:
    for node in module.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(target, ast.Name) and value is not None:
            yield _scope(target.id, node, value, {})


def _scope(name: str, node: ast.stmt, content: ast.AST, constants: Mapping[str, frozenset[int]]) -> Scope:
    names = frozenset(inner.id for inner in ast.walk(content) if isinstance(inner, ast.Name))
    statuses = frozenset(_statuses(content, constants))
    return Scope(name, node.lineno, node.end_lineno or node.lineno, statuses, names)


def _statuses(scope: ast.AST, constants: Mapping[str, frozenset[int]]) -> Iterator[int]:
    """Statuses as numbers, in what is said, by their names in ``HTTPStatus``, and by the module's constants; docstrings say nothing."""
    docstrings = {node.value for node in ast.walk(scope) if isinstance(node, ast.Expr)}
    for node in ast.walk(scope):
        if isinstance(node, ast.Constant) and node not in docstrings:
            numbers = _IN_WORDS.findall(node.value) if isinstance(node.value, str) else [node.value]
            yield from (int(number) for number in numbers if isinstance(number, int | str) and int(number) in _KNOWN)
        elif isinstance(node, ast.Attribute) and node.attr in HTTPStatus.__members__:
            yield HTTPStatus[node.attr].value
        elif isinstance(node, ast.Name):
            yield from constants.get(node.id, frozenset())
