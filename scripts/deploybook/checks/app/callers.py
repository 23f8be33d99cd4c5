"""Whether code judges who sends a request, by its headers, its cookies or a session.

A call by which the application fetches a token of its own, or signs something, says nothing about the caller. A function of the
repository is judged by what it does; one of a package, by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tree_sitter import Node

from deploybook.checks.app.graph import Graph
from deploybook.checks.app.syntax import ancestors, literal, text

# Names of functions that decide about a caller.
ASKS = re.compile(
    r"auth(?!or(?!i[sz]))|unauthor|session|bearer|signature|verify|timingsafeequal|currentuser|getuser|clerk|jwt|csrf|permission|(?<!\w)protect$"
    r"|secret|api_?key|token",
    re.IGNORECASE,
)
# Names of functions that get or make a credential: they judge a caller only where they are given the request.
OBTAINS = re.compile(
    r"^(get|fetch|create|generate|sign|issue|refresh|mint|request|obtain|exchange|acquire|make|build|load|decrypt|encrypt)"
    r"\w*(token|credential|secret|signature|jwt|key)|^sign(?!in)",
    re.IGNORECASE,
)
REFUSAL = re.compile(r"unauthori[sz]ed|forbidden|not authenticated|permission denied", re.IGNORECASE)
CREDENTIAL = re.compile(
    r"auth(?!or(?!i[sz]))|token|secret|signature|api-?key|session|password|jwt|csrf|^sig$", re.IGNORECASE
)
# Where a request carries what its sender says of itself.
CARRIES = re.compile(r"headers|cookies|cookieStore|searchParams|query|formData", re.IGNORECASE)
GIVEN = re.compile(r"\b(request|req|headers|cookies|ctx|context)\b")
SENDS = re.compile(r"\b(fetch|axios|got|ky)\b")
CONSTANT = frozenset({"string", "number", "undefined", "null", "true", "false"})
# Functions are followed through so many others.
DEPTH = 3

DEFINITIONS = """
(function_declaration name: (identifier) @name) @node
(variable_declarator name: (identifier) @name value: (_)) @node
"""


@dataclass(frozen=True)
class _Code:
    """A piece of one file: all of it, or a function's definition."""

    path: str
    node: Node


class Callers:
    """Judges the files and functions of one repository, each once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._declarations = cache(self._declarations_of)
        self._known: dict[tuple[str, int], bool] = {}

    def judges(self, path: str) -> bool:
        """Whether a route's file judges who calls, by itself or by what it uses."""
        handed_on = (self._graph.resolver.resolve(path, it) for it in self._graph.script(path).reexports)
        files = [path, *(source for source in handed_on if source)]
        return any(self._judges(_Code(file, self._graph.syntax(file).root), DEPTH) for file in files)

    def _judges(self, code: _Code, depth: int) -> bool:
        mark = (code.path, code.node.start_byte)
        if mark not in self._known:
            # What calls itself is judged by the rest of it.
            self._known[mark] = False
            self._known[mark] = self._judges_itself(code) or bool(depth and self._uses_a_judge(code, depth))
        return self._known[mark]

    def _judges_itself(self, code: _Code) -> bool:
        return any(
            _refuses(node) or _compares(node) or self._reads_credential(node, code.path) or self._asks(node, code.path)
            for node in _descendants(code.node)
        )

    def _uses_a_judge(self, code: _Code, depth: int) -> bool:
        names = {
            text(node)
            for node in _descendants(code.node)
            if node.type in {"identifier", "shorthand_property_identifier"} and not _is_declared(node)
        }
        definitions = (self._definition(code.path, name) for name in sorted(names))
        return any(self._judges(definition, depth - 1) for definition in definitions if definition)

    def _asks(self, node: Node, path: str) -> bool:
        """Whether a function of a package is called whose name says that it judges the caller."""
        function = node.child_by_field_name("function") if node.type == "call_expression" else None
        words = re.findall(r"\w+", text(function))
        if function is None or function.type not in {"identifier", "member_expression"} or not words:
            return False
        if function.type == "identifier" and self._definition(path, words[-1]):
            return False
        if OBTAINS.search(words[-1]):
            return GIVEN.search(text(node.child_by_field_name("arguments"))) is not None
        return ASKS.search(words[-1]) is not None or (words[-1] == "protect" and ASKS.search(words[0]) is not None)

    def _reads_credential(self, node: Node, path: str) -> bool:
        """`headers.get("authorization")`, `req.headers["x-api-key"]`, `req.cookies.session`, `cookies().get("session")`."""
        read = _read_of(node)
        if read is None or not CREDENTIAL.search(read[1]):
            return False
        receiver = read[0]
        root = re.match(r"\w*", receiver)
        made_of = text(self._declarations(path).get(root[0])) if root else ""
        # The headers of an answer that the application got say nothing about the caller.
        if SENDS.search(made_of.partition("=")[2].partition("(")[0]):
            return False
        return CARRIES.search(receiver) is not None or CARRIES.search(made_of) is not None

    def _definition(self, path: str, name: str) -> _Code | None:
        """What the repository defines under a name that a file uses; None for what a package has."""
        if node := self._declarations(path).get(name):
            return _Code(path, node)
        binding = self._graph.script(path).bindings.get(name)
        return self._exported(path, *binding, DEPTH) if binding else None

    def _exported(self, importer: str, name: str, specifier: str, depth: int) -> _Code | None:
        source = self._graph.resolver.resolve(importer, specifier)
        if source is None or not depth:
            return None
        if node := self._declarations(source).get(name):
            return _Code(source, node)
        beyond = (self._exported(source, name, it, depth - 1) for it in self._graph.script(source).reexports)
        return next((code for code in beyond if code), None)

    def _declarations_of(self, path: str) -> dict[str, Node]:
        """The outermost declaration of each name of a file, and its default export."""
        names: dict[str, Node] = {}
        syntax = self._graph.syntax(path)
        for node in sorted(syntax.nodes(DEFINITIONS), key=lambda it: len(list(ancestors(it)))):
            names.setdefault(text(node.child_by_field_name("name")), node)
        for node in syntax.nodes("(export_statement value: (_)) @node"):
            names.setdefault("default", node)
        return names


def _refuses(node: Node) -> bool:
    """401 or 403 as an answer, or a word for it that is not compared with what somebody else answered."""
    if node.type == "number" and text(node) in {"401", "403"}:
        return node.parent is not None and node.parent.type in {"pair", "arguments"}
    if node.type == "string" and REFUSAL.search(literal(node) or ""):
        around = node.parent.parent if node.parent else None
        called = text(around.child_by_field_name("function")) if around else ""
        return not called.endswith((".includes", ".startsWith", ".match", ".test"))
    return node.type == "identifier" and REFUSAL.search(text(node)) is not None


def _compares(node: Node) -> bool:
    """`body.secret !== process.env.SECRET`: neither side is a constant."""
    if node.type != "binary_expression" or text(node.child_by_field_name("operator")) not in {"==", "===", "!=", "!=="}:
        return False
    sides = [node.child_by_field_name("left"), node.child_by_field_name("right")]
    if any(side is None or side.type in CONSTANT or text(side).startswith("typeof") for side in sides):
        return False
    return any(CREDENTIAL.search(text(side)) for side in sides)


def _read_of(node: Node) -> tuple[str, str] | None:
    """What a value is taken out of, and under which name: of `x.get("n")`, `x["n"]` and `x.n`."""
    receiver = text(node.child_by_field_name("object"))
    if node.type == "member_expression":
        return (
            (receiver, text(node.child_by_field_name("property")))
            if receiver.endswith(("headers", "cookies"))
            else None
        )
    if node.type == "subscript_expression":
        return receiver, literal(node.child_by_field_name("index")) or ""
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if node.type != "call_expression" or function is None or arguments is None or not arguments.named_children:
        return None
    if text(function.child_by_field_name("property")) not in {"get", "has"}:
        return None
    return text(function.child_by_field_name("object")), literal(arguments.named_children[0]) or ""


def _is_declared(node: Node) -> bool:
    """Whether an identifier stands where it is declared or imported, and is not used."""
    parent = node.parent
    if parent is None or parent.type in {"import_specifier", "import_clause", "namespace_import"}:
        return True
    declares = parent.type in {"function_declaration", "variable_declarator"}
    return declares and parent.child_by_field_name("name") == node


def _descendants(node: Node) -> Iterator[Node]:
    yield node
    for child in node.named_children:
        yield from _descendants(child)
