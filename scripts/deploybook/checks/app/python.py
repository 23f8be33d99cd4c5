"""What Python files read of `os.environ`, by Python's own parser.

Followed: subscripts, `.get`, `getenv`, `in`, names given to `os`, `environ` and `getenv`, functions that read the variable that they are
given the name of, lists of names that are looped over, and the fields of pydantic's `BaseSettings`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from deploybook.checks.app.reads import Accesses, Read, Reader, ReaderCall, is_name

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class PythonFile(ast.NodeVisitor):
    """One file; raises SyntaxError. After `visit`, `accesses` says what it reads, and `constants` which names are strings."""

    path: str
    tree: ast.Module
    accesses: Accesses = field(default_factory=Accesses)
    constants: dict[str, str] = field(default_factory=dict)
    _os: set[str] = field(default_factory=lambda: {"os"})
    _whole: set[str] = field(default_factory=set)
    _getters: set[str] = field(default_factory=set)
    _functions: list[Function] = field(default_factory=list)
    _defaults: dict[ast.expr, str] = field(default_factory=dict)
    _lists_are_read: bool = False

    @classmethod
    def scan(cls, path: str, source: str) -> PythonFile:
        """Read a file."""
        scanned = cls(path, ast.parse(source))
        for node in ast.walk(scanned.tree):
            scanned._note_names(node)
        scanned.visit(scanned.tree)
        if scanned._lists_are_read:
            scanned.accesses.reads += scanned._listed()
        return scanned

    def value(self, node: ast.expr | None) -> str | None:
        """The string that an expression is, as far as that is written in the file."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        return self.constants.get(node.id) if isinstance(node, ast.Name) else None

    def is_environment(self, node: ast.expr) -> bool:
        """Whether an expression is `os.environ`."""
        if isinstance(node, ast.Attribute):
            return node.attr == "environ" and isinstance(node.value, ast.Name) and node.value.id in self._os
        return isinstance(node, ast.Name) and node.id in self._whole

    def visit_FunctionDef(self, node: Function) -> None:
        """Know in which function a read stands."""
        self._functions.append(node)
        self.generic_visit(node)
        self._functions.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """The fields of settings are variables."""
        if any(ast.unparse(base).endswith("BaseSettings") for base in node.bases):
            self.accesses.reads += _settings(node, self)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """`os.environ.get("X") or "default"`."""
        if isinstance(node.op, ast.Or):
            for value in node.values[:-1]:
                self._defaults[value] = _written(node.values[-1], self)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """`os.environ["X"]`, where it is not written to."""
        if self.is_environment(node.value) and isinstance(node.ctx, ast.Load):
            self._read(node, node.slice, None)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """`"X" in os.environ`."""
        if isinstance(node.ops[0], ast.In | ast.NotIn) and self.is_environment(node.comparators[0]):
            self._read(node, node.left, None)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """`os.environ.get("X")`, `os.getenv("X")`, and calls of functions that may read by name."""
        if self._reads_one(node.func) and node.args:
            default = node.args[1] if len(node.args) > 1 else next((keyword.value for keyword in node.keywords), None)
            self._read(node, node.args[0], default)
        else:
            names = tuple(
                (name, argument.lineno)
                for argument in _flat(node.args)
                if (name := self.value(argument)) and is_name(name)
            )
            values = tuple(_written(arg, self) for arg in node.args)
            if names:
                self.accesses.calls.append(
                    ReaderCall(ast.unparse(node.func), names, values, self._defaults.get(node, ""))
                )
        self.generic_visit(node)

    def _reads_one(self, function: ast.expr) -> bool:
        if isinstance(function, ast.Name):
            return function.id in self._getters
        if not isinstance(function, ast.Attribute):
            return False
        of_os = isinstance(function.value, ast.Name) and function.value.id in self._os
        return (of_os and function.attr == "getenv") or (
            function.attr in {"get", "setdefault", "pop"} and self.is_environment(function.value)
        )

    def _read(self, node: ast.expr, key: ast.expr, default: ast.expr | None) -> None:
        name = self.value(key)
        if name is not None:
            written = _written(default, self) or self._defaults.get(node, "")
            self.accesses.reads.append(Read(name, self.path, node.lineno, written))
            return
        function = self._functions[-1] if self._functions else None
        parameters = [arg.arg for arg in function.args.args] if function else []
        named = ast.unparse(key)
        if function and named in parameters:
            default_text = ast.unparse(default) if default else ""
            self.accesses.readers[function.name] = Reader(
                parameters.index(default_text) if default_text in parameters else None
            )
        elif isinstance(key, ast.Name):
            self._lists_are_read = True

    def _listed(self) -> Iterator[Read]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.List | ast.Tuple | ast.Set):
                for element in node.elts:
                    if (name := self.value(element)) and is_name(name):
                        yield Read(name, self.path, element.lineno)

    def _note_names(self, node: ast.AST) -> None:
        """What the file calls `os`, `os.environ` and `os.getenv`, and which of its names are strings."""
        if isinstance(node, ast.Import):
            self._os |= {name.asname for name in node.names if name.name == "os" and name.asname}
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            for alias in node.names:
                names = {"environ": self._whole, "getenv": self._getters}.get(alias.name, set())
                names.add(alias.asname or alias.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if self.is_environment(node.value):
                self._whole.add(node.targets[0].id)
            elif isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                self.constants[node.targets[0].id] = node.value.value


def _flat(arguments: list[ast.expr]) -> list[ast.expr]:
    return [
        one
        for argument in arguments
        for one in (argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument])
    ]


def _written(node: ast.expr | None, scanned: PythonFile) -> str:
    """A value that stands in for a missing variable, as written; empty for an empty string, None, or what can't be told."""
    if isinstance(node, ast.Constant):
        return ast.unparse(node) if node.value not in ("", None, False) else ""
    if isinstance(node, ast.JoinedStr):
        return ast.unparse(node)
    return (
        ast.unparse(node)
        if isinstance(node, ast.Name) and (scanned.constants.get(node.id) or node.id.isupper())
        else ""
    )


def _settings(node: ast.ClassDef, scanned: PythonFile) -> Iterator[Read]:
    """pydantic-settings: a field is the variable of its name in capitals, after `env_prefix`, unless an alias names another."""
    prefixes = [
        keyword.value for keyword in ast.walk(node) if isinstance(keyword, ast.keyword) and keyword.arg == "env_prefix"
    ]
    prefix = (scanned.value(prefixes[0]) if prefixes else "") or ""
    for statement in node.body:
        if (
            not isinstance(statement, ast.AnnAssign)
            or not isinstance(statement.target, ast.Name)
            or statement.target.id == "model_config"
        ):
            continue
        name, default = f"{prefix}{statement.target.id}".upper(), statement.value
        if isinstance(statement.value, ast.Call):
            options = {one.arg: one.value for one in statement.value.keywords}
            name = scanned.value(options.get("validation_alias") or options.get("alias")) or name
            default = options.get("default") or (statement.value.args[0] if statement.value.args else None)
        yield Read(name, scanned.path, statement.lineno, _written(default, scanned))
