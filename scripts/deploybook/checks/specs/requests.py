"""The requests that the clients send, found in their source: every call of `Api.call` and `Api.json`, through their own helpers too."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from deploybook.checks.specs.answers import Key, given_back, ways
from deploybook.checks.specs.evaluating import Scope, bound, evaluate, keywords, text
from deploybook.checks.specs.modules import Function, Module, Package, calls, methods, parameters
from deploybook.checks.specs.shapes import HOLE, Array, Object, Parameter, Scalar, Shape, Unknown, options

SENDERS = frozenset({"call", "json"})
APIS = frozenset({"api", "_api"})
# What Api.call takes for success unless it is told otherwise (clouds/api.py).
SUCCESS = frozenset({200, 201, 202, 204})
API_URL = "API_URL"


@dataclass(frozen=True)
class Request:
    """One request. ``path`` has a HOLE for what is filled in. ``reads`` are the ways into the answer that the code goes."""

    file: str
    line: int
    method: str
    path: str
    body: Shape = field(default_factory=Unknown)
    query: Shape = field(default_factory=Unknown)
    headers: Shape = field(default_factory=Unknown)
    expect: frozenset[int] = SUCCESS
    reads: tuple[tuple[Key, ...], ...] = ()
    document: str = ""

    @property
    def known(self) -> bool:
        """Whether method and path could be told."""
        return bool(self.method and self.path)

    @property
    def absolute(self) -> bool:
        """Whether it goes to an address of its own, not to the API."""
        return "://" in self.path


def requests_of(package: Package) -> Iterator[Request]:
    """Every request that a provider's modules send, once for each different body that callers give."""
    for module in package.modules:
        for function in module.functions.values():
            yield from _sent(Scope(package, module, None, function), function)
        for owner in module.classes:
            for function in methods(owner).values():
                scope = Scope(package, module, owner, function)
                if not _passes_on(function, scope):
                    for given in _callers(function, package, module) or [{}]:
                        yield from _sent(Scope(package, module, owner, function, given), function)


@cache
def default_query(package: Package) -> frozenset[str]:
    """The parameters that a client adds to each request: `client.params.set("name", …)`."""
    settings = [(scope, call) for scope, call in _calls_by_name(package).get("set", []) if _sets_parameter(call)]
    return frozenset(text(evaluate(call.args[0], scope)) for scope, call in settings)


def _sets_parameter(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value).endswith(".params")


def _sent(scope: Scope, function: Function) -> Iterator[Request]:
    """What one function sends, its helpers' requests as its own."""
    for call in calls(function):
        found = _request(call, scope)
        for request in found:
            reads = tuple((*way, *more) for way in request.reads for more in ways(call, function, scope))
            document = ast.get_docstring(function) or ""
            yield Request(**{**vars(request), "line": call.lineno, "reads": reads, "document": document})


def _request(call: ast.Call, scope: Scope) -> list[Request]:
    """The requests that one call makes: itself a sender's, or a helper's that passes on what it is given."""
    if _is_sender(call):
        given = dict(zip(("operation", "method", "path"), (evaluate(each, scope) for each in call.args), strict=False))
        given |= keywords(call, scope)
        return [_from_arguments(given, scope.module.path)]
    helper = _helper(call, scope)
    if helper is None:
        return []
    inner = Scope(scope.package, scope.module, scope.owner, helper, bound(helper, call, scope), scope.depth + 1)
    found = []
    for each in calls(helper):
        for request in _request(each, inner):
            ways = tuple((*way, *more) for way in request.reads for more in given_back(each, helper, inner))
            found.append(Request(**{**vars(request), "reads": ways}))
    return found


def _from_arguments(given: Mapping[str, Shape], path: str) -> Request:
    nothing = Object()
    expected = {each.value for shape in options(given.get("expect", Unknown())) for each in _items(shape)}
    return Request(
        path,
        0,
        text(given.get("method", Unknown())).replace(HOLE, ""),
        text(given.get("path", Unknown())) if given.get("path") != Unknown() else "",
        given.get("json", given.get("content", Scalar(None))),
        given.get("params", nothing),
        given.get("headers", nothing),
        frozenset(each for each in expected if isinstance(each, int)) or SUCCESS,
        ((),),
    )


def _items(shape: Shape) -> list[Scalar]:
    return [each for each in options(shape.item) if isinstance(each, Scalar)] if isinstance(shape, Array) else []


def _is_sender(call: ast.Call) -> bool:
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in SENDERS:
        return False
    return isinstance(function.value, ast.Attribute) and function.value.attr in APIS


def _helper(call: ast.Call, scope: Scope) -> Function | None:
    function = call.func
    if not (isinstance(function, ast.Attribute) and ast.unparse(function.value) == "self" and scope.owner):
        return None
    called = methods(scope.owner).get(function.attr)
    return called if called and _passes_on(called, Scope(scope.package, scope.module, scope.owner, called)) else None


def _passes_on(function: Function, scope: Scope) -> bool:
    """Whether a method sends what its caller names: a helper, whose requests are those of its callers."""
    for call in calls(function):
        given = call.args[1:3] if _is_sender(call) else call.args if _helper_name(call) in _helpers(scope) else []
        if any(isinstance(evaluate(each, scope), Parameter) and _is_address(each) for each in given):
            return True
    return False


def _is_address(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"method", "path"}


def _helper_name(call: ast.Call) -> str:
    function = call.func
    is_own = isinstance(function, ast.Attribute) and ast.unparse(function.value) == "self"
    return function.attr if is_own and isinstance(function, ast.Attribute) else ""


def _helpers(scope: Scope) -> set[str]:
    """The methods of a class that take a path."""
    return {name for name, each in methods(scope.owner).items() if "path" in parameters(each)} if scope.owner else set()


def _callers(function: Function, package: Package, client: Module) -> list[dict[str, Shape]]:
    """What the provider's other modules give a client's method."""
    found: list[dict[str, Shape]] = []
    for scope, call in _calls_by_name(package).get(function.name, []):
        if scope.module is not client and len(call.args) + len(call.keywords) <= len(parameters(function)):
            told = bound(function, call, scope)
            given: dict[str, Shape] = {name: each for name, each in told.items() if not isinstance(each, Parameter)}
            if given not in found:
                found.append(given)
    return found


@cache
def _calls_by_name(package: Package) -> dict[str, list[tuple[Scope, ast.Call]]]:
    """Every call of a method in a provider's modules, by the method's name."""
    found: dict[str, list[tuple[Scope, ast.Call]]] = {}
    for module in package.modules:
        functions: list[tuple[ast.ClassDef | None, Function]] = [(None, each) for each in module.functions.values()]
        functions += [(owner, each) for owner in module.classes for each in methods(owner).values()]
        for owner, function in functions:
            for call in calls(function):
                if isinstance(call.func, ast.Attribute):
                    found.setdefault(call.func.attr, []).append((Scope(package, module, owner, function), call))
    return found


def url_of(package: Package) -> str:
    """The address of the provider's API, or empty where each account has its own."""
    found = package.constant(API_URL)
    return text(evaluate(found[1], Scope(package, found[0]))) if found else ""
