"""One provider's HTTP API: a table of operations behind the provider's own credentials, answered in the provider's words.

The life of a request, each step of which may raise ``Refusal``::

    Api.admit (credentials, limits, rights) → query parameters → the operation's handler → Api.write
                                                                 └ Call.body (schema), Call.number, Call.charge
    Refusal → Api.error, in the provider's own error body

A provider subclasses ``Api`` and ``Call`` in its ``api.py`` and lists its ``Operation``\\ s in ``routes/``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic_core import to_jsonable_python
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploybook.sandbox.core.limits import Limit, SlidingWindows, Verdict
from deploybook.sandbox.core.refusals import Refusal, not_implemented
from deploybook.sandbox.core.schema import InvalidBody, Problem, parse

_WHOLE = re.compile(r"\d{1,15}(\.0+)?")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

S = TypeVar("S")
C = TypeVar("C")
B = TypeVar("B")
K = TypeVar("K", bound="Call[Any, Any]")


@dataclass(frozen=True)
class Answer:
    """A handler's answer where its result alone does not say all; ``beside`` is for the provider's envelope."""

    result: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation(Generic[K]):
    """One operation: its paths, the query parameters that mean something (None: any), the status of its success.

    ``needs`` is what ``Api.admit`` asks of the caller, in terms of the provider: a permission, a scope, a limit.
    The handler returns the result (a View, JSON, None for an empty body), an ``Answer`` or a whole ``Response``.
    """

    method: str
    paths: tuple[str, ...]
    handler: Callable[[K], Awaitable[Any]]
    query: frozenset[str] | None = frozenset()
    status: int = 200
    needs: Any = None


def operation(
    method: str,
    paths: str | Sequence[str],
    handler: Callable[[K], Awaitable[Any]],
    *,
    query: str | None = "",
    status: int = 200,
    needs: Any = None,
) -> Operation[K]:
    """Write an operation down; ``query`` names parameters between spaces."""
    every = (paths,) if isinstance(paths, str) else tuple(paths)
    return Operation(method, every, handler, None if query is None else frozenset(query.split()), status, needs)


@dataclass
class Call(Generic[S, C]):
    """One request: the state that it is about, and once it is admitted its caller. ``headers`` go on the answer in any case."""

    api: Api[Any]
    request: Request
    operation: Operation[Any]
    state: S
    headers: dict[str, str] = field(default_factory=dict)
    caller: C = field(init=False)

    def path(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        """A parameter of the query; an empty one is as good as none."""
        return self.request.query_params.get(name) or None

    def flag(self, name: str) -> bool:
        """Whether a parameter of the query is switched on."""
        return self.query(name) in {"true", "1"}

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number from the query, refused outside ``least`` to ``most``."""
        text = self.query(name)
        if text is None:
            return default
        # Clients whose numbers are floats send 20.0.
        if not _WHOLE.fullmatch(text) or not least <= float(text) <= most:
            raise self.api.bad_number(self, name, least, most)
        return int(float(text))

    def bearer(self) -> str:
        """The token in the header ``Authorization: Bearer …``; empty if there is none."""
        scheme, _, token = self.request.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def address(self) -> str:
        """The client's address."""
        return self.request.client.host if self.request.client else "127.0.0.1"

    async def body(self, kind: type[B]) -> B:
        """The body as ``kind``, whatever its content type says (several vendors' clients send text/plain)."""
        raw = await self.request.body()
        try:
            parsed: B = parse(kind, raw if raw.strip() else self.api.empty_body)
        except InvalidBody as invalid:
            if invalid.problem.kind == "json_invalid":
                raise self.api.malformed(self) from None
            raise self.api.invalid(self, invalid.problem) from None
        return parsed

    def charge(self, limit: Limit, *key: str) -> None:
        """Count this call against ``limit``, one window for each ``key``; refused when there is no room."""
        verdict = self.api.windows.take((limit, *key), limit)
        self.headers |= self.api.limit_headers(verdict)
        if not verdict.allowed:
            raise self.api.exceeded(limit, verdict)


class Api(ABC, Generic[K]):
    """The API over ``state``. Subclasses say who may call, and how the provider words its answers."""

    kind: type[K]
    base: str = ""
    # What stands for an empty body: the JSON of a vendor that takes none, or nothing, which is malformed.
    empty_body: bytes = b""

    def __init__(self, state: Any, operations: Iterable[Operation[K]]) -> None:
        self.state = state
        self.operations = tuple(operations)
        self.windows = SlidingWindows()

    @abstractmethod
    def admit(self, call: K) -> Any:
        """Whoever calls, for ``call.caller``; refuses missing credentials, exceeded limits and missing rights."""

    @abstractmethod
    def error(self, refusal: Refusal) -> Any:
        """The provider's own error body."""

    def write(self, answer: Answer) -> Any:
        """The body of an answer: the result, or the provider's envelope around it."""
        return answer.result

    def refuse(self, call: K, refusal: Refusal) -> Response:  # noqa: ARG002 - for providers whose pages are HTML
        """The whole answer to a refused call."""
        return JSONResponse(self.error(refusal), refusal.status, refusal.headers)

    def malformed(self, call: Any) -> Refusal:  # noqa: ARG002 - for providers with more than one voice
        """A body that is not JSON."""
        return Refusal(400, "invalid JSON")

    def invalid(self, call: Any, problem: Problem) -> Refusal:  # noqa: ARG002
        """A body that the schema does not take."""
        return Refusal(400, f"{problem.path or 'body'}: {problem.message}")

    def bad_number(self, call: Any, name: str, least: int, most: int) -> Refusal:  # noqa: ARG002
        """A query parameter that is no number from ``least`` to ``most``."""
        return Refusal(400, f"{name} must be an integer from {least} to {most}")

    def limit_headers(self, verdict: Verdict) -> dict[str, str]:  # noqa: ARG002 - for providers that show them
        """The headers that show a limit."""
        return {}

    def exceeded(self, limit: Limit, verdict: Verdict) -> Refusal:  # noqa: ARG002 - for providers that name the limit
        """Too many calls."""
        return Refusal(429, "rate limit exceeded", headers={"Retry-After": str(verdict.reset)})

    def app(self) -> Starlette:
        """The ASGI app; a path or method that is not in the table answers 501 to whoever is admitted."""
        routes = [
            Route(self.base + path, self._endpoint(one), methods=[one.method])
            for one in self.operations
            for path in one.paths
        ]
        absent = Operation[K]("*", ("/{path:path}",), _absent, query=None)
        app = Starlette(routes=[*routes, Route("/{path:path}", self._endpoint(absent), methods=METHODS)])
        app.router.redirect_slashes = False
        return app

    def _endpoint(self, one: Operation[K]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            call = self.kind(self, request, one, self.state)
            try:
                call.caller = self.admit(call)
                _check_query(call)
                response = self._respond(call, await one.handler(call))
            except Refusal as refusal:
                response = self.refuse(call, refusal)
            response.headers.update(call.headers)
            return response

        return endpoint

    def _respond(self, call: K, result: Any) -> Response:
        if isinstance(result, Response):
            return result
        answer = result if isinstance(result, Answer) else Answer(result)
        status = answer.status or call.operation.status
        body = self.write(answer)
        if body is None:
            return Response(status_code=status, headers=answer.headers)
        return JSONResponse(to_jsonable_python(body, by_alias=True), status, answer.headers)


def _check_query(call: Call[Any, Any]) -> None:
    """A parameter that is not applied must not look applied."""
    if call.operation.query is None:
        return
    for name in sorted(call.request.query_params.keys() - call.operation.query):
        raise not_implemented(f"query parameter {name} of {call.request.method} {call.request.url.path}")


async def _absent(call: Call[Any, Any]) -> None:
    raise not_implemented(f"{call.request.method} {call.request.url.path}")
