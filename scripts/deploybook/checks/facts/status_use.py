"""The HTTP statuses that the package's code goes by: those of each function and class, and of the errors that a table makes of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
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
    """Every scope of a module: its constants, then its definitions, in the order of the source."""
    constants: list[Scope] = []
    for name, node, value in _constants(module):
        reader = _Reader({})
        reader.visit(value)
        constants.append(_scope(name, node, reader))
    reader = _Reader({scope.name: scope.statuses for scope in constants})
    reader.visit(module)
    return (*constants, *reader.scopes)


def classes_by_status(tables: Iterable[ast.Dict]) -> Mapping[str, frozenset[int]]:
    """The classes that a table such as ``{404: NotFound}`` makes of statuses, among the tables of a module."""
    result: dict[str, frozenset[int]] = {}
    for table in tables:
        for key, value in zip(table.keys, table.values, strict=True):
            status = key.value if isinstance(key, ast.Constant) else None
            if isinstance(status, int) and status in _KNOWN and isinstance(value, ast.Name):
                result[value.id] = result.get(value.id, frozenset()) | {status}
    return result


def _constants(module: ast.Module) -> Iterator[tuple[str, ast.stmt, ast.expr]]:
    for node in module.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(target, ast.Name) and value is not None:
            yield target.id, node, value


def _scope(name: str, node: ast.stmt, reader: _Reader) -> Scope:
    end = node.end_lineno or node.lineno
    return Scope(name, node.lineno, end, frozenset(reader.statuses), frozenset(reader.names))


class _Reader(ast.NodeVisitor):
    """Reads some code once: its names, and its statuses as numbers, in what is said, by their names in ``HTTPStatus``, and by the
    module's constants. Docstrings say nothing. What a definition has, the code around it has too.
    """

    def __init__(self, constants: Mapping[str, frozenset[int]]) -> None:
        self._constants = constants
        self.names: set[str] = set()
        self.statuses: set[int] = set()
        self.scopes: list[Scope] = []

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        """A scope of its own."""
        inner = _Reader(self._constants)
        inner.generic_visit(node)
        self.names |= inner.names
        self.statuses |= inner.statuses
        self.scopes += [_scope(node.name, node, inner), *inner.scopes]

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef  # noqa: N815

    def visit_Expr(self, node: ast.Expr) -> None:
        """Nothing of a docstring."""
        if not isinstance(node.value, ast.Constant):
            self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        """A number, or the numbers in some words."""
        numbers = _IN_WORDS.findall(node.value) if isinstance(node.value, str) else [node.value]
        self.statuses |= {int(number) for number in numbers if isinstance(number, int | str)} & _KNOWN

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Perhaps a status by its name."""
        if node.attr in HTTPStatus.__members__:
            self.statuses.add(HTTPStatus[node.attr].value)
        self.visit(node.value)

    def visit_Name(self, node: ast.Name) -> None:
        """A name, perhaps of a constant."""
        self.names.add(node.id)
        self.statuses |= self._constants.get(node.id, frozenset())
