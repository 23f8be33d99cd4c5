"""First connections whose failure is kept: a promise that was refused once is refused for as long as the process lives."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from deploybook.checks.app.comparison import Compared
from deploybook.checks.app.syntax import line, text
from deploybook.checks.finding import Finding, Severity

# Packages that speak to a database or a queue.
CLIENTS = re.compile(
    r"""["'](@libsql/client(/\w+)?|@planetscale/database|pg|postgres|mysql2(/promise)?|mongodb|mongoose|redis|ioredis|@prisma/client"""
    r"""|amqplib|kafkajs|@neondatabase/serverless)["']"""
)
CLASSES = "(class_declaration) @node"
ASSIGNED = "(assignment_expression) @node"


def kept_failures(compared: Compared) -> Iterator[Finding]:
    """A class whose one instance keeps the promise of its first connection, and never makes another."""
    files = sorted({path for part in compared.app.programs for path in part.files})
    contents = {path: compared.app.sources.text(path) for path in files}
    for path in files:
        if not CLIENTS.search(contents[path]):
            continue
        for node in compared.app.graph.syntax(path).nodes(CLASSES):
            name, kept = text(node.child_by_field_name("name")), _kept(node)
            makers = (
                content for other, content in contents.items() if other == path or _imports(compared, other, path)
            )
            if kept is not None and any(_is_single(name, content) for content in makers):
                member = text(kept.child_by_field_name("left"))
                message = f"{name} keeps its first connection in {member}: if that fails once, every later call fails with it, "
                message += "until the process starts again."
                hint = f"Clear {member} where it is refused, so that the next call tries again."
                yield Finding(path, line(kept), "app-failure-kept", message, hint, Severity.WARNING, subjects=(name,))


def _kept(node: Node) -> Node | None:
    """The assignment of a promise to a member that is set once, awaited, and has nothing that catches its refusal."""
    body, source = node.child_by_field_name("body"), text(node)
    methods = {
        text(it.child_by_field_name("name")): text(it)
        for it in (body.named_children if body else [])
        if it.type == "method_definition" and "await " in text(it)
    }
    assignments = [it for it in _descendants(node) if it.type == "assignment_expression"]
    for it in assignments:
        member, value = text(it.child_by_field_name("left")), it.child_by_field_name("right")
        called = re.fullmatch(r"this\.(#?\w+)\(.*\)", text(value), re.DOTALL)
        if not member.startswith("this.") or called is None or called[1] not in methods:
            continue
        once = sum(text(other.child_by_field_name("left")) == member for other in assignments) == 1
        if (
            once
            and re.search(rf"(await|return) {re.escape(member)}\b(?!\()", source)
            and f"{member}.catch(" not in source
        ):
            return it
    return None


def _imports(compared: Compared, importer: str, path: str) -> bool:
    graph = compared.app.graph
    return any(graph.resolver.resolve(importer, specifier) == path for specifier in graph.script(importer).imports)


def _is_single(name: str, content: str) -> bool:
    """Whether a module keeps one instance of the class: in a variable of its own, or in one that outlives the call."""
    made = re.escape(name)
    return (
        re.search(rf"^(export )?(const|let|var) \w+[^\n=]*= new {made}\(", content, re.MULTILINE) is not None
        or re.search(rf"^\s+(global(This)?\.)?\w+ (\?\?)?= new {made}\(", content, re.MULTILINE) is not None
    )


def _descendants(node: Node) -> Iterator[Node]:
    for child in node.named_children:
        yield child
        yield from _descendants(child)
