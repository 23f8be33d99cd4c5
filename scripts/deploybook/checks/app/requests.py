"""HTTP requests that JavaScript sends with `fetch`: where to, by which method, with which fields and headers.

What can't be told from the code is left open (``None``, or ``whole=False``): a rule says nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from deploybook.checks.app.syntax import FUNCTIONS, Syntax, ancestors, descendants, function_name, line, literal, text

FETCH = "(call_expression function: [(identifier) (member_expression)] arguments: (arguments) @node)"
ENVIRONMENT = "(member_expression object: (member_expression) @o property: (property_identifier) @p)"
WRAPPED = ("fetch", "authedFetch", "fetchWithAuth", "apiFetch", "fetchJson")
# Where the web app is reached.
OWN = frozenset(
    {"NEXT_PUBLIC_APP_URL", "NEXT_PUBLIC_SITE_URL", "VERCEL_URL", "NEXT_PUBLIC_VERCEL_URL", "APP_URL", "NEXTAUTH_URL"}
)
# Names are followed through so many declarations and functions of the file.
DEPTH = 4


@dataclass(frozen=True)
class Value:
    """What is sent in one field: the strings that it can be (empty: not known), and the caller's argument that it is taken from.

    ``encoded`` says that a form's field holds JSON.
    """

    strings: frozenset[str] = frozenset()
    argument: str = ""
    encoded: bool = False


@dataclass(frozen=True)
class Body:
    """A request's body, ``json`` or ``form``. ``whole`` is false where more fields than these may be sent."""

    kind: str
    fields: Mapping[str, Value]
    whole: bool = True


@dataclass(frozen=True)
class Request:
    """One request. ``path`` is the literal path, with ``*`` for what is filled in; ``variables`` are those that its address comes from.

    ``function`` is the function around it, with the name of the parameter that holds its options.
    """

    file: str
    line: int
    method: str
    path: str | None
    variables: frozenset[str]
    body: Body | None = None
    headers: frozenset[str] | None = None
    function: str = ""
    parameter: str = ""


@dataclass
class Scope:
    """The declarations of one file by name, in the order in which they stand."""

    values: dict[str, list[Node]] = field(default_factory=dict)
    functions: dict[str, Node] = field(default_factory=dict)


def requests(file: str, syntax: Syntax) -> Iterator[Request]:
    """The requests of one file."""
    scope = _scope(syntax)
    for arguments in syntax.nodes(FETCH):
        call = arguments.parent
        name = text(call.child_by_field_name("function")) if call else ""
        words = arguments.named_children
        if call is None or not words or name.rpartition(".")[2] not in WRAPPED:
            continue
        # A wrapper may take more arguments before the address.
        at = 0 if name == "fetch" else next((i for i, word in enumerate(words) if _is_path(word)), 0)
        yield _request(file, call, words[at], words[at + 1] if len(words) > at + 1 else None, scope)


def _request(file: str, call: Node, address: Node, options: Node | None, scope: Scope) -> Request:
    pairs = _pairs(options, scope, call)
    method = (literal(pairs.get("method")) or "").upper() or ("GET" if "method" not in pairs else "")
    function = next((node for node in ancestors(call) if node.type in FUNCTIONS and function_name(node)), None)
    return Request(
        file,
        line(call),
        method,
        _path(address, scope, call),
        frozenset(_variables(address, scope, call)),
        _body(pairs.get("body"), scope, call),
        _headers(pairs.get("headers"), scope, call),
        function_name(function) if function else "",
        _first_parameter(function) if function else "",
    )


def _is_path(node: Node) -> bool:
    return node.type in {"string", "template_string"} and text(node)[1:].startswith("/")


def _path(node: Node, scope: Scope, call: Node, depth: int = DEPTH) -> str | None:
    """The path of an address: `/api/x/*` of a template; None where nothing literal begins it."""
    if node.type == "identifier" and depth and (value := _value_of(text(node), scope, call)):
        return _path(value, scope, call, depth - 1)
    if node.type not in {"string", "template_string"}:
        return None
    if node.type == "string":
        written = literal(node) or ""
    else:
        written = "".join(
            "*" if child.type == "template_substitution" else text(child) for child in node.named_children
        )
        base = node.named_children[0] if node.named_children else None
        if base is not None and written.startswith("*/api/") and _is_own(base, scope, call):
            written = written[1:]
    path = written.partition("?")[0].partition("#")[0]
    return path if path.startswith("/") else None


def _is_own(base: Node, scope: Scope, call: Node) -> bool:
    """Whether what stands before a path is the address of the web app itself."""
    return "origin" in text(base) or bool(OWN & set(_variables(base, scope, call)))


def _variables(node: Node, scope: Scope, call: Node, depth: int = DEPTH) -> Iterator[str]:
    """The environment's variables that an expression comes from, through names and functions of the file."""
    for child in (node, *descendants(node)):
        if child.type == "member_expression" and text(child.child_by_field_name("object")).endswith("process.env"):
            yield text(child.child_by_field_name("property"))
        elif child.type == "identifier" and depth:
            name = text(child)
            for value in scope.values.get(name, []):
                if value.start_byte != node.start_byte:
                    yield from _variables(value, scope, call, depth - 1)
            if name in scope.functions and child.parent is not None and child.parent.type == "call_expression":
                yield from _variables(scope.functions[name], scope, call, depth - 1)


def _body(node: Node | None, scope: Scope, call: Node) -> Body | None:
    if node is None:
        return None
    if node.type == "call_expression" and text(node.child_by_field_name("function")) == "JSON.stringify":
        arguments = node.child_by_field_name("arguments")
        return _json(arguments.named_children[0], scope, call) if arguments and arguments.named_children else None
    if node.type == "identifier":
        value = _value_of(text(node), scope, call)
        if value is not None and value.type == "new_expression" and "FormData" in text(value):
            return Body("form", _appended(text(node), call), whole=not text(value)[9:].strip("() "))
        if value is not None and value.type == "call_expression":
            return _body(value, scope, call)
    return None


def _json(node: Node, scope: Scope, call: Node) -> Body:
    if node.type == "identifier":
        values = _values_of(text(node), scope, call)
        if len(values) == 1 and values[0].type == "object":
            return _json(values[0], scope, call)
        return Body("json", {}, whole=False)
    if node.type != "object":
        return Body("json", {}, whole=False)
    fields, whole = {}, True
    for child in node.named_children:
        if child.type == "pair":
            key = child.child_by_field_name("key")
            fields[literal(key) or text(key)] = _value(child.child_by_field_name("value"), scope, call)
        elif child.type == "shorthand_property_identifier":
            fields[text(child)] = Value()
        elif child.type != "comment":
            whole = False
    return Body("json", fields, whole)


def _value(node: Node | None, scope: Scope, call: Node) -> Value:
    if node is None:
        return Value()
    if node.type == "ternary_expression":
        sides = [_value(node.child_by_field_name(side), scope, call) for side in ("consequence", "alternative")]
        return Value(sides[0].strings | sides[1].strings if all(side.strings for side in sides) else frozenset())
    if node.type == "as_expression":
        return _value(node.named_children[0], scope, call)
    if node.type == "member_expression":
        return Value(argument=text(node))
    written = literal(node)
    return Value(frozenset({written})) if written is not None else Value()


def _headers(node: Node | None, scope: Scope, call: Node) -> frozenset[str] | None:
    if node is None:
        return frozenset()
    body = _json(node, scope, call)
    return frozenset(name.lower() for name in body.fields) if body.whole else None


def _pairs(node: Node | None, scope: Scope, call: Node) -> dict[str, Node]:
    if node is not None and node.type == "identifier":
        node = _value_of(text(node), scope, call)
    if node is None or node.type != "object":
        return {}
    pairs = {}
    for child in node.named_children:
        if child.type == "pair" and (value := child.child_by_field_name("value")):
            pairs[text(child.child_by_field_name("key"))] = value
        elif child.type == "shorthand_property_identifier":
            pairs[text(child)] = child
    return pairs


def _appended(name: str, call: Node) -> dict[str, Value]:
    """The fields of `form.append("x", …)` in the function around."""
    around = next((node for node in ancestors(call) if node.type in FUNCTIONS), None)
    fields = {}
    for node in descendants(around) if around else ():
        if node.type == "call_expression" and text(node.child_by_field_name("function")) in {
            f"{name}.append",
            f"{name}.set",
        }:
            arguments = node.child_by_field_name("arguments")
            key = literal(arguments.named_children[0]) if arguments and arguments.named_children else None
            if key and arguments:
                fields[key] = Value(encoded="JSON.stringify(" in text(arguments.named_children[-1]))
    return fields


def _scope(syntax: Syntax) -> Scope:
    scope = Scope()
    for node in syntax.nodes("(variable_declarator name: (identifier) value: (_)) @node"):
        value = node.child_by_field_name("value")
        name = text(node.child_by_field_name("name"))
        if value is not None:
            scope.values.setdefault(name, []).append(value)
            if value.type in FUNCTIONS:
                scope.functions[name] = value
    for node in syntax.nodes("(function_declaration) @node"):
        scope.functions[text(node.child_by_field_name("name"))] = node
    return scope


def _values_of(name: str, scope: Scope, call: Node) -> list[Node]:
    """The declarations of a name that the call can see: those in a function around it, else those of the file."""
    around = [node for node in ancestors(call) if node.type in FUNCTIONS]
    values = scope.values.get(name, [])
    for function in around:
        if inner := [value for value in values if function.start_byte <= value.start_byte < function.end_byte]:
            return inner
    return [value for value in values if not any(node.type in FUNCTIONS for node in ancestors(value))]


def _value_of(name: str, scope: Scope, call: Node) -> Node | None:
    values = _values_of(name, scope, call)
    return values[0] if len(values) == 1 else None


def _first_parameter(function: Node) -> str:
    parameters = function.child_by_field_name("parameters")
    first = parameters.named_children[0] if parameters and parameters.named_children else None
    pattern = first.child_by_field_name("pattern") if first else None
    return text(pattern) if pattern is not None and pattern.type == "identifier" else ""
