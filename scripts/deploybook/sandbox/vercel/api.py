"""Who may call which operation of Vercel's API, how often, and in which words the others are refused."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from deploybook.sandbox.core import api
from deploybook.sandbox.core.limits import Limit, Verdict
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.schema import Problem
from deploybook.sandbox.vercel.backend.platform import Platform
from deploybook.sandbox.vercel.state.accounts import Scope
from deploybook.sandbox.vercel.state.deployments import Deployment
from deploybook.sandbox.vercel.state.projects import Project
from deploybook.sandbox.vercel.state.refusals import bad_request

T = TypeVar("T")

# Of the plan Pro, but for FREE: https://vercel.com/docs/limits#rate-limits.
LIMITS = {
    name: Limit(count, seconds, name)
    for name, count, seconds in (
        ("user-get", 500, 60),
        ("team-get", 600, 60),
        ("tokens-get", 120, 60),
        ("tokens-create", 32, 3600),
        ("tokens-delete", 50, 300),
        ("env-get", 500, 60),
        ("env-create", 120, 60),
        ("env-update", 120, 60),
        ("env-delete", 60, 60),
        ("env-batch-delete", 60, 60),
        ("env-pull", 500, 60),
        ("project-domains-get", 500, 60),
        ("project-domains-write", 100, 60),
        ("project-domains-verify", 100, 60),
        ("domain-config-get", 500, 60),
        ("protection-bypass-write", 100, 60),
        ("uploads-per-day", 40_000, 86_400),
        ("deployments-get", 500, 60),
        ("deployments-list", 1000, 60),
        ("deployments-per-five-minutes", 120, 300),
        ("deployments-per-hour", 450, 3600),
        ("deployments-per-day", 6000, 86_400),
        ("deployments-free-per-day", 100, 86_400),
        ("deployments-delete", 200, 600),
        ("production-deployment", 500, 60),
        ("alias-get", 300, 600),
        ("alias-create", 120, 600),
        ("aliases-list", 500, 60),
        ("aliases-delete", 100, 60),
    )
}

# Of the plan Hobby alone.
FREE = LIMITS["deployments-free-per-day"]


@dataclass(frozen=True)
class Needs:
    """The limits that an operation counts against, and their owner.

    ``per_user`` counts for the user and not for the account that owns the resources; ``about_user`` needs no team even from
    a team's token.
    """

    limits: tuple[str, ...] = ()
    per_user: bool = False
    about_user: bool = False


class Call(api.Call[Platform, Scope]):
    """A call whose token and scope are known."""

    def integer(self, name: str) -> int | None:
        """A whole number from the query, negative ones too; None where there is none."""
        text = self.query(name)
        try:
            return None if text is None else int(float(text))
        except (ValueError, OverflowError):
            raise bad_request(f"Invalid request: `{name}` should be number.") from None

    def project(self, parameter: str = "idOrName") -> Project:
        """The project that the path names."""
        return self.state.projects.get(self.path(parameter), self.caller.owner.id)

    def deployment(self, parameter: str = "id") -> Deployment:
        """The deployment that the path names."""
        return self.state.deployment(self.path(parameter), self.caller.owner.id)

    def page(self, items: Sequence[T], created: Callable[[T], int]) -> tuple[list[T], dict[str, int | None]]:
        """The part that ``limit``, ``since`` and ``until`` ask for, newest first, and its ``pagination``.

        ``pagination.next`` is the ``until`` of the next page, in milliseconds; null ends the list.
        """
        limit = self.number("limit", 20, 1, 100)
        since, until = self.integer("since"), self.integer("until")
        newest_first = sorted(items, key=created, reverse=True)
        matches = [
            item
            for item in newest_first
            if (since is None or created(item) > since) and (until is None or created(item) < until)
        ]
        page = matches[:limit]
        following = created(page[-1]) if len(matches) > len(page) else None
        newer = created(page[0]) if page and created(newest_first[0]) > created(page[0]) else None
        return page, {"count": len(page), "next": following, "prev": newer}


class VercelApi(api.Api[Call]):
    """The API of ``api.vercel.com``."""

    kind = Call
    empty_body = b"{}"

    def admit(self, call: Call) -> Scope:
        """Check the token, the team and the limits of the operation."""
        needs: Needs = call.operation.needs or Needs()
        accounts = call.state.accounts
        token = accounts.authenticate(call.bearer())
        scope = accounts.scope(token, call.query("teamId"), call.query("slug"), about_user=needs.about_user)
        for name in needs.limits:
            if LIMITS[name] is FREE and accounts.plan != "hobby":
                continue
            call.charge(LIMITS[name], scope.user.id if needs.per_user else scope.owner.id)
        return scope

    def error(self, refusal: Refusal) -> Any:
        """The error body; the sandbox's own code for what it lacks is ``not_implemented``."""
        code = refusal.code or "not_implemented"
        return {"error": {"code": code, "message": refusal.message, **refusal.details}, **refusal.beside}

    def malformed(self, call: Call) -> Refusal:  # noqa: ARG002 - one voice
        """A body that is not JSON."""
        return bad_request("Invalid JSON")

    def invalid(self, call: Call, problem: Problem) -> Refusal:  # noqa: ARG002
        """A body that breaks the schema, in the words of Vercel's own validation."""
        path = problem.path
        match problem.kind:
            case "extra_forbidden":
                keyword, text = "additionalProperties", f"should NOT have additional property `{path}`"
            case "missing":
                keyword, text = "required", f"missing required property `{path}`"
            case "string_too_long":
                limit = problem.context["max_length"]
                keyword, text = "maxLength", f"`{path}` should NOT be longer than {limit} characters"
            case "literal_error":
                allowed = problem.context["expected"]
                keyword, text = "enum", f"`{path}` should be equal to one of the allowed values: {allowed}"
            case _:
                keyword, text = "type", f"`{path or 'body'}` is not valid ({problem.message})"
        return bad_request(f"Invalid request: {text}.", keyword=keyword)

    def bad_number(self, call: Call, name: str, least: int, most: int) -> Refusal:  # noqa: ARG002
        """A page size out of range."""
        return bad_request(f"Invalid request: `{name}` should be between {least} and {most}.")

    def limit_headers(self, verdict: Verdict) -> dict[str, str]:
        """The state of the limit; ``reset`` is in seconds since the epoch."""
        return {
            "x-ratelimit-limit": str(verdict.limit),
            "x-ratelimit-remaining": str(verdict.remaining),
            "x-ratelimit-reset": str(int(time.time()) + verdict.reset),
        }

    def exceeded(self, limit: Limit, verdict: Verdict) -> Refusal:
        """429 with the seconds to wait in ``Retry-After``; 402 for the deployments of a free day (bgoonz/BGOONZ_BLOG_2.0#1488)."""
        reset = int(time.time()) + verdict.reset
        details = {"remaining": 0, "reset": reset, "resetMs": reset * 1000, "total": verdict.limit}
        if limit is FREE:
            wait = f"{verdict.reset // 3600} hours" if verdict.reset >= 7200 else f"{verdict.reset // 60} minutes"
            code = f"api-{limit.name}"
            message = f'Resource is limited - try again in {wait} (more than {verdict.limit}, code: "{code}").'
            return Refusal(402, message, code, limit=details)
        message = (
            f"The rate limit of {verdict.limit} exceeded for 'api-{limit.name}'. Try again in {verdict.reset} seconds"
        )
        return Refusal(429, message, "rate_limited", limit=details, headers={"retry-after": str(verdict.reset)})

    def exhaust(self, name: str, owner_id: str) -> None:
        """Use up a limit, as if the calls had been made."""
        while self.windows.take((LIMITS[name], owner_id), LIMITS[name]).allowed:
            pass


def operation(
    method: str,
    versions: Sequence[int],
    path: str,
    handler: Callable[[Call], Awaitable[Any]],
    *,
    query: str = "",
    status: int = 200,
    limits: str = "",
    per_user: bool = False,
    about_user: bool = False,
) -> api.Operation[Call]:
    """Write an operation down under the versions of its path; version 0 is a path without one, which the CLI uses in places.

    ``query`` and ``limits`` are names between spaces; every operation takes ``teamId`` and ``slug``.
    """
    paths = [f"/v{version}{path}" if version else path for version in versions]
    needs = Needs(tuple(limits.split()), per_user, about_user)
    return api.operation(method, paths, handler, query=f"teamId slug {query}", status=status, needs=needs)
