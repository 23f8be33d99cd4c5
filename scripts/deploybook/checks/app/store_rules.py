"""Stores that live in a process's memory: one that a route reads and nothing fills knows nothing, for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deploybook.checks.app.comparison import Compared, listed
from deploybook.checks.app.graph import Graph
from deploybook.checks.app.requests import Request
from deploybook.checks.app.routes import Route, matches
from deploybook.checks.app.syntax import text
from deploybook.checks.finding import Finding

CLASSES = "(class_declaration) @node"
MAP = re.compile(r"new Map\b")


@dataclass(frozen=True)
class Store:
    """A class that keeps entries in a map of its own; ``adders`` are its methods that put in what was not there before."""

    name: str
    adders: frozenset[str]


def unfilled_stores(compared: Compared) -> Iterator[Finding]:
    """Routes that some part calls, that answer from memory, and whose memory nothing fills."""
    graph = compared.app.graph
    for route in compared.app.traffic.routes:
        callers = [request for request in compared.app.traffic.requests if _is_for(request, route)]
        if not callers:
            continue
        for local, (name, specifier) in sorted(graph.script(route.file).bindings.items()):
            path = graph.resolver.resolve(route.file, specifier)
            store = _store(graph, path, name) if path else None
            if store and not _is_filled(compared, store):
                yield _finding(route, local, store, callers)


def _is_for(request: Request, route: Route) -> bool:
    path = request.path or ""
    return matches(route.pattern, path) and path.count("*") == route.pattern.count("*")


def _store(graph: Graph, path: str, name: str) -> Store | None:
    """The store that a file exports under a name as the one instance of a class; None for all else."""
    syntax = graph.syntax(path)
    made = re.search(rf"export const {re.escape(name)}\b[^=\n]*= new (\w+)\(\)", text(syntax.root))
    if not made:
        return None
    for node in syntax.nodes(CLASSES):
        if text(node.child_by_field_name("name")) != made[1]:
            continue
        body = node.child_by_field_name("body")
        members = body.named_children if body else []
        maps = [
            text(member.child_by_field_name("name"))
            for member in members
            if MAP.search(text(member.child_by_field_name("value")))
        ]
        methods = {
            text(member.child_by_field_name("name")): text(member)
            for member in members
            if member.type == "method_definition"
        }
        adders = {
            method
            for method, source in methods.items()
            for kept in maps
            if f"this.{kept}.set(" in source and f"this.{kept}.get(" not in source
        }
        if adders and not any(f"this.{adder}(" in source for adder in adders for source in methods.values()):
            return Store(name, frozenset(adders))
    return None


def _is_filled(compared: Compared, store: Store) -> bool:
    calls = [f"{store.name}.{adder}(".encode() for adder in store.adders]
    files = {path for part in compared.app.programs for path in part.files}
    files |= {route.file for route in compared.app.traffic.routes}
    return any(call in compared.app.sources.content(path) for path in files for call in calls)


def _finding(route: Route, local: str, store: Store, callers: list[Request]) -> Finding:
    adders = listed(sorted(store.adders), last="or")
    message = f"{route.pattern} answers from {local}, which is kept in memory and never filled: nothing calls {adders}."
    places = sorted({(request.file, request.line) for request in callers})
    hint = "Call the route that reads where the entries are kept, or read them here."
    return Finding(route.file, 1, "app-store-unfilled", message, hint, others=tuple(places), subjects=(route.pattern,))
