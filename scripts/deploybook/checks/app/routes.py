"""The web app's own routes: where they are, which methods they answer, what they read of a request, and whether they ask who calls."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from deploybook.checks.app.graph import Graph
from deploybook.checks.app.schemas import Schema, schema_of
from deploybook.checks.app.syntax import SUFFIXES, Syntax, text

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
HANDLERS = """
(export_statement declaration: (function_declaration name: (identifier) @name)) @node
(export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @name))) @node
"""
EXPORTED = """
(export_specifier) @node
(export_statement declaration: (lexical_declaration (variable_declarator name: (object_pattern) @pattern)))
"""
PARSED = frozenset({"safeParse", "parse", "safeParseAsync", "parseAsync"})


@dataclass(frozen=True)
class Route:
    """One route: its file, its path with ``*`` for a parameter and ``**`` for all that follows."""

    file: str
    pattern: str
    graph: Graph

    @cached_property
    def _syntax(self) -> Syntax:
        return self.graph.syntax(self.file)

    @cached_property
    def methods(self) -> frozenset[str]:
        """The methods that it answers; all of them for a file of the pages folder, or where they can't be told."""
        if "/pages/" in f"/{self.file}":
            return METHODS
        names = {text(node) for node in self._syntax.capture(HANDLERS).get("name", [])}
        exported = self._syntax.capture(EXPORTED)
        names |= {
            text(node.child_by_field_name("alias") or node.child_by_field_name("name"))
            for node in exported.get("node", [])
        }
        names |= {word for node in exported.get("pattern", []) for word in re.findall(r"\w+", text(node))}
        return frozenset(names & METHODS) or METHODS

    def handler(self, method: str) -> Node | None:
        """The function that answers a method."""
        names = self._syntax.capture(HANDLERS)
        for node in names.get("node", []):
            if any(
                text(name) == method
                for name in names.get("name", [])
                if node.start_byte <= name.start_byte < node.end_byte
            ):
                return node
        return None

    def schema(self, method: str) -> Schema | None:
        """What it accepts as a body, if that is one schema."""
        handler = self.handler(method)
        schemas = []
        for call in _calls(handler) if handler else ():
            function = call.child_by_field_name("function")
            arguments = text(call.child_by_field_name("arguments"))
            if text(function).rpartition(".")[2] in PARSED and "earchParams" not in arguments and function:
                subject = function.child_by_field_name("object")
                if text(subject) not in {"JSON", "Date", "url", "qs"}:
                    schemas.append(schema_of(subject, self._declaration))
        return schemas[0] if len(schemas) == 1 else None

    @cached_property
    def source(self) -> str:
        """Its code without comments."""
        return code(self._syntax)

    def _declaration(self, name: str) -> Node | None:
        declared = declaration(self._syntax, name)
        if declared is not None:
            return declared
        binding = self.graph.script(self.file).bindings.get(name)
        source = self.graph.resolver.resolve(self.file, binding[1]) if binding else None
        if source and binding:
            return declaration(self.graph.syntax(source), binding[0])
        # What an imported schema is made of stands beside it.
        resolver = self.graph.resolver
        beside = [
            resolver.resolve(self.file, specifier) for _, specifier in self.graph.script(self.file).bindings.values()
        ]
        declarations = (declaration(self.graph.syntax(path), name) for path in dict.fromkeys(beside) if path)
        return next((node for node in declarations if node is not None), None)


def routes_of(graph: Graph, root: str, paths: Iterable[str]) -> list[Route]:
    """The routes of a Next.js app at ``root``: `app/…/route.ts`, `pages/api/…`."""
    start, result = f"{root}/" if root else "", []
    for path in sorted(paths):
        folder, name = posixpath.split(path.removeprefix(start).removeprefix("src/"))
        stem, suffix = posixpath.splitext(name)
        if suffix not in SUFFIXES:
            continue
        if stem == "route" and (folder == "app" or folder.startswith("app/")):
            result.append(Route(path, pattern(folder[len("app") :]), graph))
        elif folder.startswith("pages/api"):
            below = folder.removeprefix("pages")
            result.append(Route(path, pattern(below if stem == "index" else f"{below}/{stem}"), graph))
    return result


def pattern(folder: str) -> str:
    """`/api/[id]/[...rest]` as `/api/*/**`; groups `(x)` and slots `@x` are no part of an address."""
    parts = [part for part in folder.split("/") if part and not part.startswith(("(", "@"))]
    return "/" + "/".join(
        "**" if part.startswith(("[...", "[[...")) else "*" if part.startswith("[") else part for part in parts
    )


def matches(route: str, path: str) -> bool:
    """Whether a route may answer a path in which ``*`` stands for what is filled in."""
    return _matches(route.strip("/").split("/"), path.strip("/").split("/"))


def _matches(route: list[str], path: list[str]) -> bool:
    if not route or not path:
        return not route and not path
    if route[0] == "**":
        return True
    fits = route[0] == "*" or "*" in path[0] or route[0] == path[0]
    return fits and _matches(route[1:], path[1:])


def declaration(syntax: Syntax, name: str) -> Node | None:
    """The value that a file declares under a name."""
    for node in syntax.nodes("(variable_declarator name: (identifier) value: (_)) @node"):
        if text(node.child_by_field_name("name")) == name:
            return node.child_by_field_name("value")
    return None


def code(syntax: Syntax) -> str:
    """A file without its comments."""
    source, parts, end = syntax.root.text or b"", [], 0
    for node in sorted(syntax.nodes("(comment) @node"), key=lambda comment: comment.start_byte):
        parts.append(source[end : node.start_byte])
        end = node.end_byte
    return b" ".join([*parts, source[end:]]).decode(errors="replace")


def _calls(node: Node) -> Iterator[Node]:
    for child in node.named_children:
        if child.type == "call_expression":
            yield child
        yield from _calls(child)
