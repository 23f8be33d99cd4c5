"""The clients' source as syntax trees: their functions, classes and constants, looked up by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class Module:
    """One file. ``path`` is relative to the checkout."""

    path: str
    tree: ast.Module

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Its own functions, without methods."""
        return {node.name: node for node in self.tree.body if isinstance(node, Function)}

    @cached_property
    def classes(self) -> list[ast.ClassDef]:
        """Its classes."""
        return [node for node in self.tree.body if isinstance(node, ast.ClassDef)]

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """What its names are assigned at the top."""
        return dict(pair for statement in self.tree.body for pair in _assigned_by(statement))


@dataclass(frozen=True, eq=False)
class Package:
    """The modules of one provider."""

    modules: tuple[Module, ...]

    @classmethod
    def read(cls, folder: Path, root: Path) -> Package:
        """Every module in a folder."""
        files = sorted(folder.glob("*.py"))
        trees = {path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files}
        return cls(tuple(Module(path, tree) for path, tree in trees.items()))

    def constant(self, name: str) -> tuple[Module, ast.expr] | None:
        """A constant that another module imports."""
        return next(((each, each.constants[name]) for each in self.modules if name in each.constants), None)

    def function(self, name: str) -> tuple[Module, Function] | None:
        """A function that another module imports."""
        return next(((each, each.functions[name]) for each in self.modules if name in each.functions), None)


@cache
def methods(owner: ast.ClassDef) -> dict[str, Function]:
    """The methods and properties of a class."""
    return {node.name: node for node in owner.body if isinstance(node, Function)}


@cache
def parameters(function: Function) -> list[str]:
    """The names of a function's parameters, `self` left out."""
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [each.arg for each in given if each.arg != "self"]


@cache
def calls(function: Function) -> tuple[ast.Call, ...]:
    """The calls in a function."""
    return tuple(node for node in _nodes(function) if isinstance(node, ast.Call))


@cache
def assigned(function: Function) -> tuple[tuple[str, ast.expr], ...]:
    """Every `name = value` in a function, `a, b = x, y` taken apart."""
    return tuple(pair for node in _nodes(function) for pair in _assigned_by(node))


@cache
def _nodes(function: Function) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(function))


def _assigned_by(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        yield node.target.id, node.value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _taken_apart(target, node.value)


def _taken_apart(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, part in zip(target.elts, value.elts, strict=False):
            yield from _taken_apart(one, part)
