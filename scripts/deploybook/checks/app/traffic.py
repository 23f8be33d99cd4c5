"""What the parts say to each other over HTTP."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from deploybook.checks.app import entries
from deploybook.checks.app.graph import Graph
from deploybook.checks.app.requests import Request, requests
from deploybook.checks.app.routes import Route, code, declaration, pattern, routes_of
from deploybook.checks.app.sources import Sources
from deploybook.checks.app.syntax import SUFFIXES, Syntax, text

# Names are followed through so many declarations.
DEPTH = 3
MIDDLEWARE = re.compile(r"(src/)?(middleware|proxy)")
REFUSED = re.compile(r"\b40[13]\b")
# A word of middleware that decides about a caller.
ASKS = re.compile(
    r"auth(?!or(?!i[sz]))|unauthor|session|secret|bearer|api_?key|signature|verify|hmac|timingsafeequal|currentuser|getuser|clerk|jwt|forbidden|csrf"
    r"|permission|token",
    re.IGNORECASE,
)
API = re.compile(r"""["'`](/api[^"'`:(*]*)""")


@dataclass(frozen=True)
class Guard:
    """What a condition of the middleware is about: a path and all below it, or that path alone; ``is_exception``: it is let through."""

    path: str
    is_alone: bool
    is_exception: bool

    def fits(self, route: str) -> bool:
        """Whether a route's path is among them."""
        return route == self.path if self.is_alone else route.startswith(self.path.rstrip("/"))


@dataclass(frozen=True)
class Traffic:
    """The web app's routes, the paths that its middleware guards, and every part's requests."""

    routes: tuple[Route, ...] = ()
    guards: tuple[Guard, ...] = ()
    # Whether paths below /api are led elsewhere by the configuration.
    rewrites: bool = False
    requests: tuple[Request, ...] = ()

    def is_guarded(self, route: str) -> bool:
        """Whether middleware looks at who calls before a route of this path answers."""
        fitting = [guard for guard in self.guards if guard.fits(route)]
        return bool(fitting) and not any(guard.is_exception for guard in fitting)


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
    return Traffic(tuple(routes), _guards(sources, graph, start), rewrites, sent)


def _guards(sources: Sources, graph: Graph, start: str) -> tuple[Guard, ...]:
    """The paths that middleware guards: those of the conditions under which it looks at who calls, else all that it names."""
    guards: list[Guard] = []
    for path in sorted(sources.files):
        stem, suffix = posixpath.splitext(path.removeprefix(start))
        if suffix not in SUFFIXES or not MIDDLEWARE.fullmatch(stem):
            continue
        syntax = graph.syntax(path)
        tested = False
        for node in syntax.nodes("(if_statement) @node"):
            condition, then = (node.child_by_field_name(name) for name in ("condition", "consequence"))
            about = list(_about(condition, syntax)) if condition else []
            if any(not guard.is_exception for guard in about):
                tested = True
                asks = ASKS.search(API.sub("", text(condition)) + text(then)) or REFUSED.search(text(then))
                guards += about if asks else []
        source = code(syntax)
        if not tested and ASKS.search(source):
            guards += [Guard(prefix, False, False) for prefix in API.findall(source) or ["/"]]
    return tuple(dict.fromkeys(guards))


def _about(node: Node, syntax: Syntax, is_exception: bool = False, depth: int = DEPTH) -> Iterator[Guard]:
    """The paths below /api that a condition names, by itself or through names of the file."""
    if node.type in {"string", "template_string"} and (match := API.match(text(node))):
        call = node.parent.parent if node.parent else None
        begins = text(call.child_by_field_name("function")).endswith(".startsWith") if call else False
        yield Guard(match[1], not begins, is_exception)
        return
    if node.type == "unary_expression" and text(node).startswith("!"):
        is_exception = not is_exception
    if node.type == "identifier" and depth and (value := declaration(syntax, text(node))):
        yield from _about(value, syntax, is_exception, depth - 1)
    for child in node.named_children:
        yield from _about(child, syntax, is_exception, depth)


def _requests(sources: Sources, graph: Graph, files: set[str]) -> list[Request]:
    result: list[Request] = []
    for path in sorted(files):
        content = sources.content(path)
        if path.endswith(SUFFIXES) and b"etch" in content:
            result += requests(path, graph.syntax(path))
    return result
