"""Who may call Render's API and what is beside it (deploy hooks, the dashboard), its limits, and its words."""

from __future__ import annotations

import base64
import hmac
import html
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from starlette.responses import HTMLResponse, Response

from deploybook.sandbox.core import api, paging
from deploybook.sandbox.core.limits import Limit, Verdict
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.schema import Problem
from deploybook.sandbox.render.state import Render
from deploybook.sandbox.render.state.workers import Worker

T = TypeVar("T")

# https://api-docs.render.com/reference/rate-limiting; "scale" is not named there, and was recorded with 10.
CREATE = Limit(20, 3600, "create")
SERVICE = Limit(10, 60, "service")
WRITE = Limit(30, 60, "write")
READ = Limit(400, 60, "read")


@dataclass(frozen=True)
class Door:
    """A way in beside the API: it has no version, and another credential."""

    name: str


# A deploy hook: the key is in its address.
HOOK = Door("hook")
# A page of the dashboard: in the sandbox the operator's API key stands for the operator's login, as a cookie too.
PAGE = Door("page")


class Call(api.Call[Render, None]):
    """A call of the operator's."""

    @property
    def worker(self) -> Worker:
        """The service that the path names."""
        return self.state.cloud.worker(self.path("service"))

    def words(self, name: str) -> list[str]:
        """A list parameter: Render documents ``a,b`` (form, not exploded), its own SDK sends ``name=a&name=b``."""
        return [word for value in self.request.query_params.getlist(name) for word in value.split(",") if word]

    def moment(self, name: str, default: datetime) -> datetime:
        """A point in time: RFC 3339, or seconds since 1970."""
        text = self.query(name)
        if not text:
            return default
        try:
            moment = datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
        except ValueError:
            raise Refusal(400, f"invalid {name} {text!r}") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def time_range(self) -> tuple[datetime, datetime]:
        """``startTime`` (an hour ago by default) and ``endTime`` (now by default)."""
        now = datetime.now(UTC)
        start = self.moment("startTime", now - timedelta(hours=1))
        end = self.moment("endTime", now)
        if start > end:
            raise Refusal(400, "startTime must be before endTime")
        return start, end

    @property
    def limit(self) -> int:
        """``limit``: how many items a page has."""
        return self.number("limit", 20, 1, 100)

    def page(
        self, items: Iterable[T], name: str, view: Callable[[T], Any], key: Callable[[T], str], *, newest: bool = True
    ) -> list[dict[str, Any]]:
        """The items after ``cursor`` as ``[{name, cursor}]``; past the end it is ``[]``. Identifiers sort by time."""
        text = self.query("cursor")
        page = paging.after(items, key, _cursor_id(text) if text else None, self.limit, descending=newest)
        return [{name: view(item), "cursor": cursor(key(item))} for item in page.items]


class RenderApi(api.Api[Call]):
    """``/v1``, deploy hooks and the dashboard."""

    kind = Call

    def admit(self, call: Call) -> None:
        """Check the credential of the way in, and the limit; an operation that is not there counts as a read."""
        door = call.operation.needs
        if door is PAGE:
            cookie = call.request.cookies.get("render_session", "")
            self._check_key(call, call.bearer() or cookie)
        elif door is HOOK:
            self._admit_hook(call)
        else:
            self._check_key(call, call.bearer())
            accepted = call.request.headers.get("accept", "*/*")
            if not any(kind in accepted for kind in ("*/*", "application/*", "application/json")):
                raise Refusal(406, "only application/json is available")
            limit: Limit = door or READ
            call.charge(limit, call.request.path_params.get("service", "") if limit is SERVICE else "")
            call.headers["Render-Request-Id"] = f"api-{secrets.token_hex(8)}"

    def error(self, refusal: Refusal) -> Any:
        """Schema ``error``."""
        return {"message": refusal.message}

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """An error, on the dashboard a page. Not documented by Render, so chosen here: 401 and 404, as in the API."""
        if call.operation.needs is PAGE:
            message = html.escape(refusal.message)
            return HTMLResponse(f"<!doctype html><title>Render</title><p>{message}</p>", refusal.status)
        return super().refuse(call, refusal)

    def invalid(self, call: Call, problem: Problem) -> Refusal:  # noqa: ARG002 - one voice
        """A body that the schema does not take."""
        where, _, name = problem.path.rpartition(".")
        if problem.kind == "extra_forbidden":
            return Refusal(400, f"unknown field {name} in {where or 'body'}")
        if problem.kind == "missing":
            return Refusal(400, f"{problem.path} is required")
        return Refusal(400, f"invalid {problem.path or 'body'}: {problem.message}")

    def limit_headers(self, verdict: Verdict) -> dict[str, str]:
        """As on every recorded answer; Reset is seconds left there, whatever the documentation says."""
        numbers = {"Limit": verdict.limit, "Remaining": verdict.remaining, "Reset": verdict.reset}
        return {f"Ratelimit-{name}": str(number) for name, number in numbers.items()}

    def _check_key(self, call: Call, key: str) -> None:
        if not hmac.compare_digest(key.encode(), call.state.api_key.encode()):
            raise Refusal(401, "Unauthorized")

    def _admit_hook(self, call: Call) -> None:
        """It counts as one of the service's ten a minute."""
        # A GET that writes: the journal must not take it for a read.
        call.request.scope["writes"] = True
        if not hmac.compare_digest((call.query("key") or "").encode(), call.worker.hook_key.encode()):
            raise Refusal(401, "Unauthorized")
        call.charge(SERVICE, call.worker.id)


def cursor(identifier: str) -> str:
    """The place of a resource in a list, as opaque as the vendor's."""
    return base64.urlsafe_b64encode(identifier.encode()).decode().rstrip("=")


def _cursor_id(text: str) -> str:
    """The identifier in a cursor."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode()
    except ValueError:
        raise Refusal(400, "invalid cursor") from None
