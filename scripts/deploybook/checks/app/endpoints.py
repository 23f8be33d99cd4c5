"""The render app's web endpoints: what each reads of a request."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deploybook.checks.app.python import Function, PythonFile

# modal.fastapi_endpoint, and its name before version 0.73.
DECORATORS = ("fastapi_endpoint", "web_endpoint")
GETTERS = frozenset({"get", "pop"})


@dataclass(frozen=True)
class Endpoint:
    """One endpoint. ``fields`` are read of the body, those of ``required`` without a default; ``whole`` is false where more may be read.

    ``label`` is its literal name in the address, if it has one.
    """

    name: str
    path: str
    line: int
    method: str
    label: str
    label_line: int
    fields: frozenset[str]
    required: frozenset[str]
    whole: bool


def endpoints(files: Iterable[PythonFile]) -> Iterator[Endpoint]:
    """The endpoints of an app's files."""
    files = list(files)
    models = {node.name: node for file in files for node in ast.walk(file.tree) if isinstance(node, ast.ClassDef)}
    for file in files:
        for node in ast.walk(file.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for call in _decorators(node):
                    yield _endpoint(file, node, call, models)


def _decorators(node: Function) -> Iterator[ast.Call]:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).rpartition(".")[2] in DECORATORS:
            yield decorator


def _endpoint(file: PythonFile, node: Function, call: ast.Call, models: dict[str, ast.ClassDef]) -> Endpoint:
    options = {keyword.arg: keyword.value for keyword in call.keywords}
    label = options.get("label")
    written = label.value if isinstance(label, ast.Constant) and isinstance(label.value, str) else ""
    fields, required, whole = _read(node, models)
    method = (file.value(options.get("method")) or "GET").upper()
    line = label.lineno if label else call.lineno
    return Endpoint(node.name, file.path, node.lineno, method, written, line, fields, required, whole)


def _read(node: Function, models: dict[str, ast.ClassDef]) -> tuple[frozenset[str], frozenset[str], bool]:
    parameters = [arg for arg in node.args.args if arg.arg != "self"]
    body = next((arg for arg in parameters if _is_body(arg, models)), None)
    if body is None:
        return frozenset(), frozenset(), False
    if (model := models.get(ast.unparse(body.annotation) if body.annotation else "")) is not None:
        declared = [
            annotation
            for annotation in model.body
            if isinstance(annotation, ast.AnnAssign) and isinstance(annotation.target, ast.Name)
        ]
        names = frozenset(annotation.target.id for annotation in declared if isinstance(annotation.target, ast.Name))
        required = frozenset(
            annotation.target.id
            for annotation in declared
            if annotation.value is None
            and isinstance(annotation.target, ast.Name)
            and "None" not in ast.unparse(annotation.annotation)
        )
        return names, required, all(ast.unparse(base) == "BaseModel" for base in model.bases)
    return _of_mapping(node, body.arg)


def _is_body(arg: ast.arg, models: dict[str, ast.ClassDef]) -> bool:
    annotation = ast.unparse(arg.annotation) if arg.annotation else ""
    return annotation.partition("[")[0] in {"dict", "Dict", "Mapping", "typing.Dict"} or annotation in models


def _of_mapping(node: Function, name: str) -> tuple[frozenset[str], frozenset[str], bool]:
    """`body["x"]`, `body.get("x")`, `"x" in body`; the body used in any other way may be read further."""
    fields, required, uses = set[str](), set[str](), 0
    for child in ast.walk(node):
        if isinstance(child, ast.Subscript) and _is(child.value, name) and (key := _string(child.slice)):
            fields.add(key)
            required.add(key)
            uses += 1
        elif isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and _is(child.func.value, name):
            if child.func.attr in GETTERS and child.args and (key := _string(child.args[0])):
                fields.add(key)
                uses += 1
        elif isinstance(child, ast.Compare) and _is(child.comparators[0], name) and (key := _string(child.left)):
            fields.add(key)
            uses += 1
    named = sum(1 for child in ast.walk(node) if isinstance(child, ast.Name) and child.id == name)
    return frozenset(fields), frozenset(required), uses == named


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _string(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
