"""What all of Render's endpoints share: the key, the limits, the shape of errors, pages and times of a query."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploybook.sandbox.core.limits import Limit, SlidingWindows, Verdict
from deploybook.sandbox.render import wire
from deploybook.sandbox.render.models import Refusal

Handler = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")

# https://api-docs.render.com/reference/rate-limiting; "scale" is not named there, and was recorded with 10.
CREATE = Limit(20, 3600)
SERVICE = Limit(10, 60)
WRITE = Limit(30, 60)
READ = Limit(400, 60)


@dataclass
class Gate:
    """Lets a request through to its handler if the key is right and the limit leaves room."""

    api_key: str
    windows: SlidingWindows = field(default_factory=SlidingWindows)

    def guard(self, handler: Handler, limit: Limit) -> Handler:
        """``handler`` behind the key and the limit, with Render's errors and headers."""

        async def guarded(request: Request) -> Response:
            try:
                self._authorise(request)
            except Refusal as refusal:
                return error(refusal)
            verdict = self.take(limit, request.path_params.get("service", "") if limit == SERVICE else "")
            try:
                response = await handler(request) if verdict.allowed else too_many(verdict)
            except Refusal as refusal:
                response = error(refusal)
            return with_headers(response, verdict)

        return guarded

    def take(self, limit: Limit, service: str = "") -> Verdict:
        """Count a request; all of a limit's endpoints share one window, per service where the limit is per service."""
        return self.windows.take((limit, service), limit)

    def accepts(self, key: str) -> bool:
        """Whether this is the operator's key."""
        return hmac.compare_digest(key.encode(), self.api_key.encode())

    def _authorise(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.accepts(key.strip()):
            raise Refusal(401, "Unauthorized")
        accepted = request.headers.get("accept", "*/*")
        if not any(kind in accepted for kind in ("*/*", "application/*", "application/json")):
            raise Refusal(406, "only application/json is available")


def error(refusal: Refusal) -> Response:
    """Schema ``error``."""
    return JSONResponse({"message": refusal.message}, refusal.status)


def too_many(verdict: Verdict) -> Response:
    """429, with the wait in whole seconds."""
    return JSONResponse({"message": "rate limit exceeded"}, 429, {"Retry-After": str(verdict.reset)})


def with_headers(response: Response, verdict: Verdict) -> Response:
    """The headers seen on every recorded answer; Reset is seconds left there, whatever the documentation says."""
    response.headers["Ratelimit-Limit"] = str(verdict.limit)
    response.headers["Ratelimit-Remaining"] = str(verdict.remaining)
    response.headers["Ratelimit-Reset"] = str(verdict.reset)
    response.headers["Render-Request-Id"] = f"api-{secrets.token_hex(8)}"
    return response


async def body(request: Request) -> Any:
    """The JSON of a request; an empty one is refused like any other that is not JSON."""
    try:
        return json.loads(await request.body())
    except ValueError:
        raise Refusal(400, "invalid JSON") from None


def words(request: Request, name: str) -> list[str]:
    """A list parameter: Render documents ``a,b`` (form, not exploded), its own SDK sends ``name=a&name=b``."""
    return [word for value in request.query_params.getlist(name) for word in value.split(",") if word]


def refuse_filters(request: Request, *names: str) -> None:
    """A filter that is not applied must not look applied."""
    for name in names:
        if name in request.query_params:
            raise Refusal(501, f"not implemented in the sandbox: query parameter {name}")


def limit_of(request: Request) -> int:
    """``limit``: 1 to 100, 20 by default."""
    text = request.query_params.get("limit", "20")
    if not text.isdigit() or not 1 <= int(text) <= 100:
        raise Refusal(400, "limit must be an integer from 1 to 100")
    return int(text)


def page(
    request: Request,
    items: Iterable[T],
    name: str,
    show: Callable[[T], Any],
    key: Callable[[T], str],
    *,
    newest: bool = True,
) -> JSONResponse:
    """The items after ``cursor`` as ``[{name, cursor}]``; past the end it is ``[]``.

    Identifiers sort by time, so a cursor holds even when the item that it names has been deleted meanwhile.
    """
    ordered: Sequence[T] = sorted(items, key=key, reverse=newest)
    given = request.query_params.get("cursor")
    if given:
        try:
            after = wire.cursor_id(given)
        except ValueError:
            raise Refusal(400, "invalid cursor") from None
        ordered = [item for item in ordered if (key(item) < after if newest else key(item) > after)]
    shown = ordered[: limit_of(request)]
    return JSONResponse([{name: show(item), "cursor": wire.cursor(key(item))} for item in shown])


def time_range(request: Request) -> tuple[datetime, datetime]:
    """``startTime`` (an hour ago by default) and ``endTime`` (now by default)."""
    present = datetime.now(UTC)
    start = moment(request, "startTime", present - timedelta(hours=1))
    end = moment(request, "endTime", present)
    if start > end:
        raise Refusal(400, "startTime must be before endTime")
    return start, end


def moment(request: Request, name: str, default: datetime) -> datetime:
    """A point in time: RFC 3339, or seconds since 1970."""
    text = request.query_params.get(name)
    if not text:
        return default
    try:
        found = datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(400, f"invalid {name} {text!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
