"""What all of GitHub's endpoints share: the token and its permissions, the limits, the shape of errors, pages."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploybook.sandbox.core.limits import Limit, SlidingWindows, Verdict
from deploybook.sandbox.github.models import Refusal, Repository
from deploybook.sandbox.github.tokens import Token, Tokens

Handler = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")

# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
PRIMARY = Limit(5000, 3600)
CONTENT_CREATION = Limit(80, 60)
_VERSION = re.compile(r"20\d\d-\d\d-\d\d")
_OLDEST_VERSION = "2022-11-28"


@dataclass
class Gate:
    """Lets a request through if the token is known, covers the repository and has the permissions."""

    tokens: Tokens
    repository: Repository
    windows: SlidingWindows = field(default_factory=SlidingWindows)

    def guard(self, handler: Handler, permissions: Mapping[str, str]) -> Handler:
        """``handler`` behind the token and ``permissions``, with GitHub's errors and headers."""

        async def guarded(request: Request) -> Response:
            try:
                token = self._authenticate(request)
            except Refusal as refusal:
                return error(refusal)
            verdict = self.windows.take(token.value, PRIMARY)
            try:
                response = await self._admitted(handler, request, token, permissions, verdict)
            except Refusal as refusal:
                response = error(refusal)
            wanted = "; ".join(f"{name}={level}" for name, level in permissions.items())
            response.headers["X-Accepted-GitHub-Permissions"] = wanted
            return _with_headers(response, verdict)

        return guarded

    async def _admitted(
        self, handler: Handler, request: Request, token: Token, permissions: Mapping[str, str], verdict: Verdict
    ) -> Response:
        if not verdict.allowed:
            raise Refusal(429, "API rate limit exceeded")
        self._check_repository(request)
        check(token, permissions)
        if self.repository.archived and "write" in permissions.values():
            raise Refusal(403, "Repository was archived so is read-only.")
        request.state.token = token
        if request.method != "GET":
            burst = self.windows.take((token.value, "content"), CONTENT_CREATION)
            if not burst.allowed:
                refused = error(Refusal(429, "You have exceeded a secondary rate limit. Please wait a few minutes."))
                refused.headers["Retry-After"] = str(burst.reset)
                return refused
        return await handler(request)

    def _authenticate(self, request: Request) -> Token:
        if not request.headers.get("user-agent"):
            raise Refusal(403, "Request forbidden by administrative rules. Please make sure your request has a "
                               "User-Agent header.")  # fmt: skip
        version = request.headers.get("x-github-api-version", _OLDEST_VERSION)
        if not _VERSION.fullmatch(version) or version < _OLDEST_VERSION:
            raise Refusal(400, f"{version} is not a supported version of the API")
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            # To a stranger a private repository does not exist.
            reads_repository = request.method == "GET" and "owner" in request.path_params
            raise Refusal(404, "Not Found") if reads_repository else Refusal(401, "Requires authentication")
        token = self.tokens.find(value.strip()) if scheme.lower() in {"bearer", "token"} else None
        if token is None:
            raise Refusal(401, "Bad credentials")
        return token

    def _check_repository(self, request: Request) -> None:
        wanted = request.path_params
        if "owner" in wanted and f"{wanted['owner']}/{wanted['repo']}".lower() != self.repository.full_name.lower():
            raise Refusal(404, "Not Found")


def check(token: Token, permissions: Mapping[str, str]) -> None:
    """Refuse a token that lacks one of the permissions."""
    if not all(token.allows(name, level) for name, level in permissions.items()):
        raise Refusal(403, "Resource not accessible by personal access token")


def error(refusal: Refusal) -> Response:
    """``basic-error``."""
    body = {
        "message": refusal.message,
        "documentation_url": "https://docs.github.com/rest",
        "status": str(refusal.status),
    }
    return JSONResponse(body, refusal.status)


def _with_headers(response: Response, verdict: Verdict) -> Response:
    headers = {
        "X-RateLimit-Limit": verdict.limit,
        "X-RateLimit-Remaining": verdict.remaining,
        "X-RateLimit-Used": verdict.limit - verdict.remaining,
        "X-RateLimit-Reset": int(time.time()) + verdict.reset,
        "X-RateLimit-Resource": "core",
        "X-GitHub-Request-Id": secrets.token_hex(16).upper(),
        "X-GitHub-Media-Type": "github.v3; format=json",
    }
    for name, value in headers.items():
        response.headers[name] = str(value)
    return response


async def body(request: Request, required: frozenset[str], optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A JSON object with every required field, and none besides those named."""
    try:
        fields = json.loads(await request.body())
    except ValueError:
        raise Refusal(400, "Problems parsing JSON") from None
    if not isinstance(fields, dict):
        raise Refusal(400, "Body should be a JSON object")
    for name in sorted(required - fields.keys()):
        raise Refusal(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
    for name in sorted(fields.keys() - required - optional):
        raise Refusal(422, f'Invalid request.\n\n"{name}" is not a permitted key.')
    for name in required:
        if not isinstance(fields[name], str):
            raise Refusal(422, f"Invalid request.\n\nFor '{name}', {fields[name]!r} is not a string.")
    return fields


def page(request: Request, base: str, items: Sequence[T]) -> tuple[list[T], dict[str, str]]:
    """The items of ``page`` (``per_page`` 30, at most 100), and a ``Link`` header where there is more than one page."""
    size = min(_positive(request, "per_page", 30), 100)
    number = _positive(request, "page", 1)
    last = max(1, -(-len(items) // size))
    shown = list(items[(number - 1) * size : number * size])
    targets: dict[str, int] = {}
    if number > 1:
        targets |= {"prev": min(number - 1, last), "first": 1}
    if number < last:
        targets |= {"next": number + 1, "last": last}
    links = []
    for name, target in targets.items():
        query = request.url.include_query_params(page=target, per_page=size).query
        links.append(f'<{base}{request.url.path}?{query}>; rel="{name}"')
    return shown, {"Link": ", ".join(links)} if links else {}


def _positive(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdigit() and int(text) > 0 else default
