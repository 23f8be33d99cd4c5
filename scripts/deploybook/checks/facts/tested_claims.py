"""The claims that a runbook tests, read from its code cells: where each stands, and what it cannot be tested without."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from deploybook.checks.facts.tree import Cell, Notebook

# The methods of a runbook that test a claim, each with the place of the claim among its arguments.
TESTS = {"check": 0, "require": 0, "manual": 1}
MANUAL = "manual"


class Tested(NamedTuple):
    """``line`` is that in the notebook's file; ``needs`` the variable, credential or parameter without which it comes later or is left
    out, MANUAL where a person has to act first, else empty."""

    line: int
    needs: str


def claims_of(notebook: Notebook) -> dict[str, Tested]:
    """Each claim that a runbook tests; a claim, or what it needs, that stands in a variable is resolved."""
    result: dict[str, Tested] = {}
    for cell in notebook.cells:
        values = _values(cell.module)
        for call, method in _calls(cell):
            place = TESTS[method]
            claim = _text(call.args[place], values) if len(call.args) > place else ""
            if claim:
                needs = MANUAL if method == MANUAL else _needs(call, values)
                result.setdefault(claim, Tested(cell.line + call.lineno - 1, needs))
    return result


def _calls(cell: Cell) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(cell.module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in TESTS:
            yield node, node.func.attr


def _needs(call: ast.Call, values: dict[str, ast.expr]) -> str:
    for keyword in call.keywords:
        if keyword.arg == "needs":
            return _text(keyword.value, values)
        keywords = values.get(keyword.value.id) if keyword.arg is None and isinstance(keyword.value, ast.Name) else None
        if isinstance(keywords, ast.Dict):
            for key, value in zip(keywords.keys, keywords.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "needs":
                    return _text(value, values)
    return ""


def _text(node: ast.expr, values: dict[str, ast.expr]) -> str:
    """The string that an expression is, directly or by the name of a variable of the cell; empty if it is none."""
    if isinstance(node, ast.Name):
        node = values.get(node.id, node)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _values(module: ast.Module) -> dict[str, ast.expr]:
    """What the cell assigns to its variables, one by one or several at once."""
    result: dict[str, ast.expr] = {}
    for node in (node for node in ast.walk(module) if isinstance(node, ast.Assign)):
        for target in node.targets:
            if isinstance(target, ast.Name):
                result[target.id] = node.value
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = zip(target.elts, node.value.elts, strict=True)
                result |= {name.id: value for name, value in pairs if isinstance(name, ast.Name)}
    return result
