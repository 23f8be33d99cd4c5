"""The commands of a RUN, one after another, by the shell's own grammar."""

from __future__ import annotations

from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

SEQUENCES = frozenset({"program", "list"})


def sequence(text: str) -> list[str] | None:
    """The commands that follow each other by `&&`, `;` or a new line, as written; None where they do not simply follow each other."""
    root = parser().parse(text.encode()).root_node
    return None if root.has_error else _flat(root)


def program(command: str) -> str:
    """The name of the program that a simple command starts; empty for what is none."""
    root = parser().parse(command.encode()).root_node
    node = root.named_children[0] if len(root.named_children) == 1 else None
    while node is not None and node.type == "redirected_statement":
        node = node.child_by_field_name("body")
    return _text(node.child_by_field_name("name")) if node is not None and node.type == "command" else ""


def programs(command: str) -> list[str]:
    """The names of all programs that a command starts, in its pipes and substitutions too, in their order."""
    names, nodes = list[str](), [parser().parse(command.encode()).root_node]
    while nodes:
        node = nodes.pop()
        if node.type == "command":
            names.append(_text(node.child_by_field_name("name")))
        nodes += reversed(node.named_children)
    return names


def _flat(node: Node) -> list[str] | None:
    if node.type not in SEQUENCES:
        return [_text(node)]
    if any(child.type == "||" for child in node.children):
        return None
    parts: list[str] = []
    for child in node.named_children:
        inner = _flat(child) if child.type != "comment" else []
        if inner is None:
            return None
        parts += inner
    return parts


def _text(node: Node | None) -> str:
    return (node.text or b"").decode(errors="replace") if node else ""


@cache
def parser() -> Parser:
    """The parser of bash."""
    return Parser(Language(tree_sitter_bash.language()))
