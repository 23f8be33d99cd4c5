"""One call of the API, and the table of operations that is turned into routes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from deploybook.sandbox.vercel.accounts import Scope
from deploybook.sandbox.vercel.deployments import Deployment
from deploybook.sandbox.vercel.errors import bad_request
from deploybook.sandbox.vercel.platform import Platform
from deploybook.sandbox.vercel.projects import Project
from deploybook.sandbox.vercel.requests import Body, parse

B = TypeVar("B", bound=Body)
T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A request whose token and scope were checked."""

    request: Request
    platform: Platform
    scope: Scope

    def path(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        """A parameter of the query; empty is as good as absent."""
        return self.request.query_params.get(name) or None

    def flag(self, name: str) -> bool:
        """Whether a parameter of the query is switched on."""
        return self.query(name) in {"true", "1"}

    def number(self, name: str) -> int | None:
        """A whole number from the query."""
        text = self.query(name)
        try:
            return None if text is None else int(float(text))
        except ValueError:
            raise bad_request(f"Invalid request: `{name}` should be number.") from None

    async def json(self) -> Any:
        """The body as JSON."""
        raw = await self.request.body()
        try:
            return json.loads(raw or b"{}")
        except ValueError:
            raise bad_request("Invalid JSON") from None

    async def body(self, kind: type[B]) -> B:
        """The body, checked."""
        return parse(kind, await self.json())

    def project(self, parameter: str = "idOrName") -> Project:
        """The project that the path names."""
        return self.platform.state.projects.get(self.path(parameter), self.scope.owner_id)

    def deployment(self, parameter: str = "id") -> Deployment:
        """The deployment that the path names."""
        return self.platform.state.deployment(self.path(parameter), self.scope.owner_id)

    def page(self, newest_first: Sequence[T], created: Callable[[T], int]) -> tuple[list[T], dict[str, int | None]]:
        """The part that ``limit``, ``since`` and ``until`` ask for, and its ``pagination``: ``next`` is the next ``until``."""
        limit = self.number("limit") or 20
        if not 1 <= limit <= 100:
            raise bad_request("Invalid request: `limit` should be between 1 and 100.")
        since, until = self.number("since"), self.number("until")
        fitting = [
            one
            for one in newest_first
            if (since is None or created(one) > since) and (until is None or created(one) < until)
        ]
        page = fitting[:limit]
        following = created(page[-1]) if len(fitting) > len(page) else None
        newer = created(page[0]) if page and created(newest_first[0]) > created(page[0]) else None
        return page, {"count": len(page), "next": following, "prev": newer}


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """One operation: the versions of its path that exist, the query parameters that mean something, its rate limits.

    ``per_user`` counts for the user and not for the owner; ``about_user`` needs no team even from a team's token.
    """

    method: str
    versions: tuple[int, ...]
    path: str
    handler: Handler
    query: frozenset[str] = field(default_factory=frozenset)
    rates: tuple[str, ...] = ()
    per_user: bool = False
    about_user: bool = False

    @property
    def paths(self) -> list[str]:
        """The full paths; version 0 stands for a path without one, which the CLI uses in places."""
        return [f"/v{version}{self.path}" if version else self.path for version in self.versions]


def operation(
    method: str,
    versions: Sequence[int],
    path: str,
    handler: Handler,
    *,
    query: str = "",
    rates: Sequence[str] = (),
    per_user: bool = False,
    about_user: bool = False,
) -> Operation:
    """Write an operation down; ``query`` names parameters between spaces."""
    parameters = frozenset(query.split())
    return Operation(method, tuple(versions), path, handler, parameters, tuple(rates), per_user, about_user)
