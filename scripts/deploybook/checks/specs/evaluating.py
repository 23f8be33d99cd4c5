"""Evaluation of expressions without running them: what a path, a body or a parameter of a request can be."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from deploybook.checks.specs.modules import Function, Module, Package, assigned, methods, parameters
from deploybook.checks.specs.shapes import (
    HOLE,
    Array,
    Object,
    Parameter,
    Scalar,
    Shape,
    Text,
    Unknown,
    merged,
    one_of,
    options,
)

DEEPEST = 12


@dataclass(frozen=True)
class Scope:
    """Where an expression stands, and what the parameters around it are known to be."""

    package: Package
    module: Module
    owner: ast.ClassDef | None = None
    function: Function | None = None
    given: Mapping[str, Shape] = field(default_factory=dict)
    depth: int = 0

    def inside(
        self, module: Module, owner: ast.ClassDef | None, function: Function, given: Mapping[str, Shape]
    ) -> Scope:
        """The scope of a function that is called from here."""
        return Scope(self.package, module, owner, function, given, self.depth + 1)


def evaluate(node: ast.expr | None, scope: Scope) -> Shape:
    """What an expression can be."""
    if node is None or scope.depth > DEEPEST:
        return Unknown()
    kind = _BY_KIND.get(type(node))
    found: Shape = kind(node, scope) if kind else Unknown()
    return found


def returned(function: Function, scope: Scope) -> Shape:
    """What a function gives back."""
    found = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    return one_of(evaluate(each, scope) for each in found)


def bound(function: Function, call: ast.Call, scope: Scope) -> dict[str, Shape]:
    """What a call gives the parameters of a function; those left out are their defaults, `**rest` is passed on."""
    names = parameters(function)
    defaults = dict(zip(reversed(function.args.args), reversed(function.args.defaults), strict=False))
    defaults |= {
        each: value for each, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if value
    }
    found = {each.arg: evaluate(value, scope) for each, value in defaults.items()}
    found |= {name: evaluate(value, scope) for name, value in zip(names, call.args, strict=False)}
    found |= keywords(call, scope)
    return found


def keywords(call: ast.Call, scope: Scope) -> dict[str, Shape]:
    """The named arguments of a call, those that come through `**rest` included."""
    found: dict[str, Shape] = {}
    for each in call.keywords:
        if each.arg:
            found[each.arg] = evaluate(each.value, scope)
        elif scope.function and scope.function.args.kwarg:
            found |= {name: value for name, value in scope.given.items() if name not in parameters(scope.function)}
    return found


def text(shape: Shape) -> str:
    """A shape as a part of a text."""
    found = {each.value if isinstance(each, Text) else HOLE for each in options(shape)}
    return found.pop() if len(found) == 1 else HOLE


def _constant(node: ast.Constant, scope: Scope) -> Shape:
    del scope
    return Text(node.value) if isinstance(node.value, str) else Scalar(node.value)


def _joined(node: ast.JoinedStr, scope: Scope) -> Shape:
    parts = [each.value if isinstance(each, ast.FormattedValue) else each for each in node.values]
    return Text("".join(text(evaluate(each, scope)) for each in parts))


def _operation(node: ast.BinOp, scope: Scope) -> Shape:
    left, right = evaluate(node.left, scope), evaluate(node.right, scope)
    if isinstance(node.op, ast.BitOr):
        sets = [each for each in (*options(left), *options(right)) if isinstance(each, Array)]
        return Array(one_of(each.item for each in sets)) if sets else merged(left, right)
    return Text(text(left) + text(right)) if isinstance(node.op, ast.Add) else Unknown()


def _dictionary(node: ast.Dict, scope: Scope) -> Shape:
    found: Shape = Object()
    for key, value in zip(node.keys, node.values, strict=True):
        name = None if key is None else evaluate(key, scope)
        if name is None:
            found = merged(found, evaluate(value, scope))
        else:
            known = isinstance(name, Text) and name.known
            found = merged(found, Object({text(name): evaluate(value, scope)} if known else {}, whole=known))
    return found


def _list(node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Shape:
    return Array(one_of(evaluate(each, scope) for each in node.elts))


def _comprehension(node: ast.ListComp | ast.GeneratorExp, scope: Scope) -> Shape:
    loop = node.generators[0]
    given = dict(scope.given)
    if isinstance(loop.target, ast.Name):
        given[loop.target.id] = one_of(
            each.item if isinstance(each, Array) else Unknown() for each in options(evaluate(loop.iter, scope))
        )
    return Array(evaluate(node.elt, replace(scope, given=given)))


def _alternatives(node: ast.IfExp, scope: Scope) -> Shape:
    return one_of([evaluate(node.body, scope), evaluate(node.orelse, scope)])


def _boolean(node: ast.BoolOp, scope: Scope) -> Shape:
    return one_of(evaluate(each, scope) for each in node.values)


def _name(node: ast.Name, scope: Scope) -> Shape:
    if node.id in scope.given:
        return scope.given[node.id]
    if scope.function:
        values = [value for name, value in assigned(scope.function) if name == node.id]
        if values:
            deeper = replace(scope, depth=scope.depth + 1)
            found = one_of(evaluate(each, deeper) for each in values)
            added = _added(node.id, deeper)
            return merged(found, added) if added.fields else found
        if node.id in parameters(scope.function):
            return Parameter(node.id)
    module, value = scope.module, scope.module.constants.get(node.id)
    if value is None and (found_elsewhere := scope.package.constant(node.id)):
        module, value = found_elsewhere
    return evaluate(value, Scope(scope.package, module, depth=scope.depth + 1))


def _added(name: str, scope: Scope) -> Object:
    """What `name["key"] = value` adds to a dictionary."""
    fields: dict[str, Shape] = {}
    for node in ast.walk(scope.function) if scope.function else []:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == name:
            key = evaluate(target.slice, scope)
            if isinstance(key, Text) and isinstance(node, ast.Assign):
                fields[key.value] = evaluate(node.value, scope)
    return Object(fields)


def _attribute(node: ast.Attribute, scope: Scope) -> Shape:
    if not (isinstance(node.value, ast.Name) and node.value.id == "self" and scope.owner):
        return Unknown()
    known = methods(scope.owner)
    if node.attr in known:
        function = known[node.attr]
        return returned(function, scope.inside(scope.module, scope.owner, function, {}))
    made = known.get("__init__")
    for each in ast.walk(made) if made else []:
        target = (
            each.targets[0]
            if isinstance(each, ast.Assign)
            else each.target
            if isinstance(each, ast.AnnAssign)
            else None
        )
        if isinstance(target, ast.Attribute) and target.attr == node.attr and made:
            value = each.value if isinstance(each, ast.Assign | ast.AnnAssign) else None
            return evaluate(value, scope.inside(scope.module, scope.owner, made, {}))
    return Unknown()


def _call(node: ast.Call, scope: Scope) -> Shape:
    function = node.func
    if (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "self"
        and scope.owner
    ):
        called = methods(scope.owner).get(function.attr)
        if called:
            return returned(called, scope.inside(scope.module, scope.owner, called, bound(called, node, scope)))
    elif isinstance(function, ast.Name):
        if function.id in {"dict", "list", "tuple", "set", "frozenset", "sorted"} and len(node.args) == 1:
            return evaluate(node.args[0], scope)
        place = (scope.module, scope.module.functions[function.id]) if function.id in scope.module.functions else None
        place = place or scope.package.function(function.id)
        if place:
            module, called = place
            return returned(called, scope.inside(module, None, called, bound(called, node, scope)))
    return Unknown()


_BY_KIND: dict[type[ast.expr], Any] = {
    ast.Constant: _constant,
    ast.JoinedStr: _joined,
    ast.BinOp: _operation,
    ast.Dict: _dictionary,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Set: _list,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.IfExp: _alternatives,
    ast.BoolOp: _boolean,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
}
