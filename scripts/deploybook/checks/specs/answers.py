"""Which parts of an answer the code goes into, by the keys in its source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from deploybook.checks.specs.evaluating import Scope, evaluate
from deploybook.checks.specs.modules import Function
from deploybook.checks.specs.shapes import Text

Key = str | int
Way = tuple[Key, ...]


def ways(call: ast.Call, function: Function, scope: Scope) -> list[Way]:
    """The keys by which a function goes into what a call gives: `call(…)["a"]`, or `x = call(…)` and then `x["a"]["b"]`."""
    return [(), *_ways(call, ast.walk(function), function, scope)]


def given_back(call: ast.Call, helper: Function, scope: Scope) -> list[Way]:
    """The part of an answer that a helper gives back: `return self._envelope(…)["result"]`; all of it if it takes nothing out."""
    returns = [node.value for node in ast.walk(helper) if isinstance(node, ast.Return) and node.value]
    inside = (node for each in returns for node in ast.walk(each))
    return list(_ways(call, inside, helper, scope)) or [()]


def _ways(call: ast.Call, nodes: Iterable[ast.AST], function: Function, scope: Scope) -> Iterator[Way]:
    names = set(_names_of(call, function))
    for node in nodes:
        keys: list[Key] = []
        inner: ast.expr | None = node if isinstance(node, ast.Subscript) else None
        while isinstance(inner, ast.Subscript):
            key = evaluate(inner.slice, scope)
            # A key that is not written out is an index, or can't be told: what is inside counts.
            keys.insert(0, key.value if isinstance(key, Text) and key.known else 0)
            inner = inner.value
        if keys and (inner is call or (isinstance(inner, ast.Name) and inner.id in names)):
            yield tuple(keys)


def _names_of(call: ast.Call, function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is call:
            yield from (target.id for target in targets if isinstance(target, ast.Name))
