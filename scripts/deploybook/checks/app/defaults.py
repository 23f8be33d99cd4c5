"""What JavaScript takes in a variable's stead: `process.env.X ?? "…"`, and what else comes to that.

An empty string, null and undefined are no default: the code can still see that the variable is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tree_sitter import Node

from deploybook.checks.app.syntax import is_field, literal, text, unwrapped

FALLBACK = frozenset({"??", "||", "??=", "||="})
# What may be done to a value before its absence is looked at.
CONVERSIONS = frozenset({"Number", "parseInt", "parseFloat", "String", "Number.parseInt", "Number.parseFloat"})


def default_of(node: Node, constants: Mapping[str, str]) -> str:
    """The default of the expression that reads a variable, as written; empty if it has none."""
    while True:
        node = unwrapped(node)
        parent = node.parent
        if parent is None:
            return ""
        if parent.type in {"binary_expression", "augmented_assignment_expression"} and _operator(parent) in FALLBACK:
            right = parent.child_by_field_name("right")
            if right is not None and right != node and (value := value_of(right, constants)):
                return value
            node = parent
        elif parent.type == "ternary_expression" and is_field(parent, "condition", node):
            return value_of(parent.child_by_field_name("alternative"), constants)
        elif (after := _converted(node, parent)) is not None:
            node = after
        else:
            return ""


def value_of(node: Node | None, constants: Mapping[str, str]) -> str:
    """A value that stands in for a missing variable, as written; empty if there is none, or it can't be told."""
    if node is None:
        return ""
    if node.type in {"string", "template_string"}:
        return "" if literal(node) == "" else text(node)
    if node.type in {"number", "true"} or _is_sum(node):
        return text(node)
    if node.type == "identifier":
        named = text(node) in constants or text(node).isupper()
        return text(node) if (named and constants.get(text(node)) != "") or _is_default(text(node)) else ""
    if node.type == "member_expression" and not text(node).startswith("process.env"):
        return text(node) if _is_default(text(node)) else ""
    return ""


def _is_sum(node: Node) -> bool:
    """Arithmetic of numbers: `10 * 60 * 1000`."""
    if node.type == "parenthesized_expression":
        return _is_sum(node.named_children[0])
    sides = [node.child_by_field_name("left"), node.child_by_field_name("right")]
    return node.type == "binary_expression" and all(
        side is not None and (side.type == "number" or _is_sum(side)) for side in sides
    )


def _is_default(name: str) -> bool:
    return re.search(r"default|fallback", name, re.IGNORECASE) is not None


def _operator(node: Node) -> str:
    return text(node.child_by_field_name("operator"))


def _converted(node: Node, parent: Node) -> Node | None:
    """The expression that is a conversion of this one: `Number(x)`, `x.trim()`."""
    if parent.type == "member_expression" and is_field(parent, "object", node):
        call = parent.parent
        return call if call and call.type == "call_expression" and is_field(call, "function", parent) else None
    if parent.type == "arguments" and parent.named_children[0] == node and parent.parent:
        return parent.parent if text(parent.parent.child_by_field_name("function")) in CONVERSIONS else None
    return None
