"""The words of an answer on which the clients act: what their source compares a field with."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from deploybook.checks.specs.answers import Way
from deploybook.checks.specs.evaluating import Scope, evaluate
from deploybook.checks.specs.modules import Module, Package
from deploybook.checks.specs.shapes import HOLE, texts


@dataclass(frozen=True)
class Field:
    """A field of answers (each a path to GET, and the way into its answer), and the names under which modules compare its value."""

    provider: str
    modules: tuple[str, ...]
    names: frozenset[str]
    answers: tuple[tuple[str, Way], ...]

    @property
    def name(self) -> str:
        """How messages name it."""
        return ".".join(str(key) for key in self.answers[0][1] if key)


# Where a value comes from is not written where it is compared; this says it.
FIELDS = (
    Field(
        "render",
        ("waiting.py", "deploy.py", "checks.py"),
        frozenset({"status"}),
        ((f"/services/{HOLE}/deploys/{HOLE}", ("status",)),),
    ),
    Field("render", ("worker.py",), frozenset({"suspended"}), ((f"/services/{HOLE}", ("suspended",)),)),
    Field("render", ("worker.py",), frozenset({"autoDeploy"}), ((f"/services/{HOLE}", ("autoDeploy",)),)),
    Field(
        "vercel",
        ("deployment.py",),
        frozenset({"state"}),
        ((f"/v13/deployments/{HOLE}", ("readyState",)), ("/v6/deployments", ("deployments", 0, "state"))),
    ),
    Field("vercel", ("variables.py",), frozenset({"type"}), ((f"/v10/projects/{HOLE}/env", ("envs", 0, "type")),)),
    Field("r2", ("resources.py",), frozenset({"status"}), ((f"/accounts/{HOLE}/tokens", ("result", 0, "status")),)),
)


@dataclass(frozen=True)
class Word:
    """One value that the code compares a field with, and where."""

    field: Field
    file: str
    line: int
    value: str


def words_of(package: Package, provider: str) -> Iterator[Word]:
    """The words on which one provider's modules act."""
    for field in FIELDS:
        for module in package.modules if field.provider == provider else ():
            if module.path.rpartition("/")[2] in field.modules:
                for line, value in sorted(_compared(package, module, field.names)):
                    yield Word(field, module.path, line, value)


def _compared(package: Package, module: Module, names: frozenset[str]) -> set[tuple[int, str]]:
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Compare) and _name(node.left) in names:
            values = texts(evaluate(node.comparators[0], Scope(package, module)))
            found |= {(node.lineno, value) for value in values if value}
    return found


def _name(node: ast.expr) -> str:
    """The last name of what is compared: `status`, `state.status`, `found["status"]`, `found.get("status")`, `str(status)`."""
    if isinstance(node, ast.Call):
        return _name(node.args[0]) if node.args else ""
    if isinstance(node, ast.Subscript):
        return _name(node.slice)
    if isinstance(node, ast.Constant):
        return str(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
