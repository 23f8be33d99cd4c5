"""Syntax trees of JavaScript and TypeScript, by tree-sitter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, Query, QueryCursor

SUFFIXES = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")
# What may stand around an expression without making it another one: `(x)`, `x!`, `x as T`, `x satisfies T`, `await x`.
WRAPPERS = frozenset(
    {"parenthesized_expression", "non_null_expression", "as_expression", "satisfies_expression", "await_expression"}
)

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "function_expression",
        "arrow_function",
        "method_definition",
        "generator_function_declaration",
    }
)


@cache
def _language(typed: bool) -> Language:
    # Only a file without JSX may write a cast as `<T>x`; else the grammar with JSX reads JavaScript as well.
    grammar = tree_sitter_typescript.language_typescript if typed else tree_sitter_typescript.language_tsx
    return Language(grammar())


@cache
def _query(typed: bool, pattern: str) -> Query:
    return Query(_language(typed), pattern)


class Syntax:
    """The tree of one file."""

    def __init__(self, path: str, content: bytes) -> None:
        self._typed = path.endswith((".ts", ".mts", ".cts"))
        self.root = Parser(_language(self._typed)).parse(content).root_node

    def capture(self, pattern: str) -> dict[str, list[Node]]:
        """The nodes that a tree-sitter query names, by name."""
        return QueryCursor(_query(self._typed, pattern)).captures(self.root)

    def nodes(self, pattern: str) -> list[Node]:
        """The nodes that a query with the one name ``@node`` finds."""
        return self.capture(pattern).get("node", [])


def text(node: Node | None) -> str:
    """A node's source."""
    return (node.text or b"").decode(errors="replace") if node else ""


def line(node: Node) -> int:
    """Where it begins, from 1."""
    return int(node.start_point[0]) + 1


def descendants(node: Node) -> Iterator[Node]:
    """Every named node below one, each before those below it."""
    for child in node.named_children:
        yield child
        yield from descendants(child)


def function_name(function: Node) -> str:
    """A function's own name, or that of the constant which it is; empty for one without."""
    own = function.child_by_field_name("name")
    if own is None and function.parent and function.parent.type == "variable_declarator":
        own = function.parent.child_by_field_name("name")
    return text(own)


def literal(node: Node | None) -> str | None:
    """The value of a string or of a template without substitutions, or None. (Escapes occur in no name.)"""
    if node is None or node.type not in {"string", "template_string"}:
        return None
    if any(child.type == "template_substitution" for child in node.named_children):
        return None
    return text(node)[1:-1]


def unwrapped(node: Node) -> Node:
    """The outermost expression that is this one in brackets or under another type."""
    while node.parent and node.parent.type in WRAPPERS and node.parent.named_children[0] == node:
        node = node.parent
    return node


def ancestors(node: Node) -> Iterator[Node]:
    """The nodes around one, from the inside."""
    while node.parent:
        node = node.parent
        yield node


def is_field(parent: Node, name: str, node: Node) -> bool:
    """Whether a node stands in its parent's field of this name."""
    return parent.child_by_field_name(name) == node
