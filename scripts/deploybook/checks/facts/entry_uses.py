"""The troubleshooting entries that the package's errors and checks lead to, read from its source."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploybook import errors
from deploybook.checks.facts.syntax import nodes
from deploybook.clouds.refusals import Refusal
from deploybook.clouds.resource import Change
from deploybook.runbook.events import Event

# Code that an operator never meets: it raises no error of ours.
LEFT_OUT = ("sandbox", "sample_app", "site", "checks")
# The class attributes that hold an entry: of our errors, and of resources.
ATTRIBUTES = ("entry_default", "absent_entry", "drift_entry")


@dataclass(frozen=True)
class Use:
    """One place that leads to an entry: a line of a module, by its path within the package. ``entry`` is empty where the source does
    not tell which."""

    entry: str
    module: str
    line: int


def used(package: Path) -> list[Use]:
    """Every place in the package that names an entry: an argument or a class attribute."""
    paths = {path.relative_to(package): path for path in sorted(package.rglob("*.py"))}
    modules = {
        module.as_posix(): nodes(path.read_text(encoding="utf-8"))
        for module, path in paths.items()
        if module.parts[0] not in LEFT_OUT
    }
    positions = _positions(node for module in modules.values() for node in module)
    return [use for name, module in modules.items() for use in _Finder(name, module, positions).uses()]


def _positions(everything: Iterable[ast.AST]) -> dict[str, int]:
    """At which place each callable takes its ``entry``: our errors, events, changes, refusals, every function and dataclass that has it."""
    result = {kind.__name__: _place(list(inspect.signature(kind).parameters)) for kind in (Event, Change, Refusal)}
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        parameters = list(inspect.signature(kind).parameters)
        if issubclass(kind, errors.DeploybookError) and "entry" in parameters:
            result[name] = _place(parameters)
    for node in everything:
        if isinstance(node, ast.FunctionDef) and node.name != "__init__":
            names = [argument.arg for argument in node.args.posonlyargs + node.args.args]
            names = names[1:] if names[:1] in (["self"], ["cls"]) else names
            if "entry" in names:
                result[node.name] = _place(names)
        elif isinstance(node, ast.ClassDef) and (fields := _text_fields(node)):
            result.setdefault(node.name, _place(fields))
    return result


def _text_fields(node: ast.ClassDef) -> list[str]:
    """The fields of a dataclass that holds an entry's id; empty for any other class."""
    annotated = [item for item in node.body if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)]
    fields = {item.target.id: ast.unparse(item.annotation) for item in annotated if isinstance(item.target, ast.Name)}
    return list(fields) if fields.get("entry") == "str" and node.decorator_list else []


def _place(names: list[str]) -> int:
    return names.index("entry")


class _Finder:
    """Finds the uses in one module."""

    def __init__(self, name: str, module: Iterable[ast.AST], positions: dict[str, int]) -> None:
        self._name = name
        self._positions = positions
        self._assigned: dict[str, list[ast.expr]] = {}
        self._calls: list[ast.Call] = []
        for node in module:
            if isinstance(node, ast.Call):
                self._calls.append(node)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(target, ast.Name):
                        self._assigned.setdefault(target.id, []).append(node.value)

    def uses(self) -> Iterator[Use]:
        """Every use, in the order of the source as far as ``ast.walk`` keeps it."""
        for name in ATTRIBUTES:
            for value in self._assigned.get(name, []):
                yield from self._told(value)
        for call in self._calls:
            if (argument := self._argument(call)) is not None:
                yield from self._told(argument)

    def _argument(self, call: ast.Call) -> ast.expr | None:
        place = self._position(call.func)
        if place is None:
            return None
        by_name = next((keyword.value for keyword in call.keywords if keyword.arg == "entry"), None)
        plain = call.args[: place + 1]
        if by_name is not None or len(plain) <= place or any(isinstance(argument, ast.Starred) for argument in plain):
            return by_name
        return plain[place]

    def _position(self, called: ast.expr) -> int | None:
        # `type(error)(…)` makes an error of the same class anew.
        if isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id == "type":
            return self._positions["ServiceError"]
        name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
        if name in self._positions:
            return self._positions[name]
        # A variable that holds one of the error classes.
        mentioned = {
            node.id for value in self._assigned.get(name, []) for node in ast.walk(value) if isinstance(node, ast.Name)
        }
        places = {self._positions[class_name] for class_name in mentioned if class_name in self._positions}
        return places.pop() if len(places) == 1 else None

    def _told(self, value: ast.expr) -> Iterator[Use]:
        result = list(self._literals(value))
        if not result and _passed_on(value):
            return
        for literal in result or [""]:
            if literal or not result:
                yield Use(literal, self._name, value.lineno)

    def _literals(self, value: ast.expr) -> Iterator[str]:
        """The strings that an expression can be, as far as literals, conditions and names of the module tell."""
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
        elif isinstance(value, ast.IfExp):
            yield from self._literals(value.body)
            yield from self._literals(value.orelse)
        elif isinstance(value, ast.BoolOp | ast.Dict):
            for operand in value.values:
                yield from self._literals(operand)
        elif isinstance(value, ast.Subscript):
            yield from self._literals(value.value)
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "get":
            yield from self._literals(value.func.value)
            for operand in value.args[1:]:
                yield from self._literals(operand)
        elif isinstance(value, ast.Name):
            for operand in self._assigned.get(value.id, []):
                yield from self._literals(operand)


def _passed_on(value: ast.expr) -> bool:
    """``entry`` and ``error.entry``: named where they come from."""
    name = value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""
    return name in {"entry", *ATTRIBUTES}
