"""What the parts say to each other over HTTP."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

from deploybook.checks.app import entries
from deploybook.checks.app.graph import Graph
from deploybook.checks.app.requests import Request, requests
from deploybook.checks.app.routes import ASKS, Route, code, pattern, routes_of
from deploybook.checks.app.sources import Sources
from deploybook.checks.app.syntax import SUFFIXES, text

MIDDLEWARE = re.compile(r"(src/)?(middleware|proxy)")
REFUSED = re.compile(r"\b40[13]\b")
API = re.compile(r"""["'`](/api[^"'`:(*]*)""")


@dataclass(frozen=True)
class Traffic:
    """The web app's routes, the prefixes that its middleware guards, and every part's requests."""

    routes: tuple[Route, ...] = ()
    guarded: tuple[str, ...] = ()
    # Whether paths below /api are led elsewhere by the configuration.
    rewrites: bool = False
    requests: tuple[Request, ...] = ()


def read(sources: Sources, graph: Graph, root: str | None, files: Iterable[str]) -> Traffic:
    """What a web app at ``root`` (None: there is none) and ``files`` of all parts say to each other."""
    start = f"{root}/" if root else ""
    paths = [path for path in sources.matching(root or "", *SUFFIXES) if not entries.TESTS.search(path)]
    functions = [] if root is None else sources.matching(posixpath.join(root, "api"), *SUFFIXES, ".py", ".go")
    routes = routes_of(graph, root or "", paths)
    routes += [Route(path, pattern(posixpath.splitext("/" + path.removeprefix(start))[0]), graph) for path in functions]
    configured = [
        sources.text(path)
        for path in sorted(sources.files)
        if posixpath.dirname(path) == (root or "")
        and posixpath.basename(path).startswith(("next.config.", "vercel.json"))
    ]
    rewrites = any("rewrites" in content and API.search(content) is not None for content in configured)
    scripts = [path for path in sources.matching("scripts", *SUFFIXES) if not entries.TESTS.search(path)]
    sent = tuple(_requests(sources, graph, {*files, *scripts}))
    return Traffic(tuple(routes), _guarded(sources, graph, start), rewrites, sent)


def _guarded(sources: Sources, graph: Graph, start: str) -> tuple[str, ...]:
    """The prefixes that middleware guards: those of the conditions under which it looks at who calls, else those of its matcher."""
    prefixes: list[str] = []
    for path in sorted(sources.files):
        stem, suffix = posixpath.splitext(path.removeprefix(start))
        if suffix in SUFFIXES and MIDDLEWARE.fullmatch(stem):
            syntax = graph.syntax(path)
            conditions = syntax.nodes("(if_statement) @node")
            tested = [node for node in conditions if API.search(text(node.child_by_field_name("condition")))]
            for node in tested:
                condition, then = (text(node.child_by_field_name(name)) for name in ("condition", "consequence"))
                asks = ASKS.search(API.sub("", condition) + then) or REFUSED.search(then)
                if asks and not re.search(r"!\s*\w+(\.\w+)*\.startsWith", condition):
                    prefixes += API.findall(condition)
            source = code(syntax)
            if not tested and ASKS.search(source):
                prefixes += API.findall(source) or ["/"]
    return tuple(dict.fromkeys(prefix.rstrip("/") or "/" for prefix in prefixes))


def _requests(sources: Sources, graph: Graph, files: set[str]) -> list[Request]:
    result: list[Request] = []
    for path in sorted(files):
        content = sources.content(path)
        if path.endswith(SUFFIXES) and b"etch" in content:
            result += requests(path, graph.syntax(path))
    return result
