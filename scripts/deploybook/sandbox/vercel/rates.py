"""The documented rate limits: https://vercel.com/docs/limits#rate-limits, plan Pro."""

from __future__ import annotations

import time
from collections.abc import Iterable

from deploybook.sandbox.core.limits import Limit, SlidingWindows, Verdict
from deploybook.sandbox.vercel.errors import VercelError

RATES: dict[str, Limit] = {
    "user-get": Limit(500, 60),
    "team-get": Limit(600, 60),
    "tokens-get": Limit(120, 60),
    "tokens-create": Limit(32, 3600),
    "tokens-delete": Limit(50, 300),
    "env-get": Limit(500, 60),
    "env-create": Limit(120, 60),
    "env-update": Limit(120, 60),
    "env-delete": Limit(60, 60),
    "env-batch-delete": Limit(60, 60),
    "env-pull": Limit(500, 60),
    "project-domains-get": Limit(500, 60),
    "project-domains-write": Limit(100, 60),
    "project-domains-verify": Limit(100, 60),
    "domain-config-get": Limit(500, 60),
    "protection-bypass-write": Limit(100, 60),
    "uploads-per-day": Limit(40_000, 86_400),
    "deployments-get": Limit(500, 60),
    "deployments-list": Limit(1000, 60),
    "deployments-per-five-minutes": Limit(120, 300),
    "deployments-per-hour": Limit(450, 3600),
    "deployments-per-day": Limit(6000, 86_400),
    "deployments-delete": Limit(200, 600),
    "production-deployment": Limit(500, 60),
    "alias-get": Limit(300, 600),
    "alias-create": Limit(120, 600),
    "aliases-list": Limit(500, 60),
    "aliases-delete": Limit(100, 60),
}


def charge(windows: SlidingWindows, names: Iterable[str], owner: str) -> dict[str, str]:
    """Count one call against each named limit; the headers for its answer, or the documented refusal."""
    headers: dict[str, str] = {}
    for name in names:
        verdict = windows.take((name, owner), RATES[name])
        headers = _headers(verdict)
        if not verdict.allowed:
            raise _exceeded(name, verdict, headers)
    return headers


def _headers(verdict: Verdict) -> dict[str, str]:
    return {
        "x-ratelimit-limit": str(verdict.limit),
        "x-ratelimit-remaining": str(verdict.remaining),
        "x-ratelimit-reset": str(int(time.time()) + verdict.reset),
    }


def _exceeded(name: str, verdict: Verdict, headers: dict[str, str]) -> VercelError:
    reset = int(time.time()) + verdict.reset
    return VercelError(
        429,
        "rate_limited",
        f"The rate limit of {verdict.limit} exceeded for 'api-{name}'. Try again in {verdict.reset} seconds",
        limit={"remaining": 0, "reset": reset, "resetMs": reset * 1000, "total": verdict.limit},
        headers=headers | {"retry-after": str(verdict.reset)},
    )
