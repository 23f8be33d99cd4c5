"""Vercel's refusals: which answer means what, what to do about it, and which entry explains it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from deploybook.clouds.refusals import Refusal
from deploybook.errors import PermissionDenied, RateLimited, Unauthorized, UnexpectedResponse

# Values from here on are milliseconds since the epoch, and not seconds: Vercel's answers have had both.
MILLISECONDS_FROM = 10**11
# Flags of a refusal that say more than its code, which is ``forbidden`` in each case.
FLAGS = {"invalidToken": "invalid_token", "missingToken": "missing_token", "saml": "saml"}


def explain(body: Any) -> tuple[str, str]:
    """Vercel's error body: ``error.code`` and ``error.message``; flags mark a token that is absent or unknown, and SAML."""
    error = body["error"]
    flag = next((code for name, code in FLAGS.items() if error.get(name)), "")
    return flag or str(error["code"]), str(error["message"])


def reset_of(response: httpx.Response) -> datetime | None:
    """When a limit ends by the refusal itself (``error.limit.reset``); None if it does not say."""
    try:
        value = response.json()["error"]["limit"]["reset"]
        return datetime.fromtimestamp(float(value) / (1000 if value > MILLISECONDS_FROM else 1), UTC)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, OSError):
        return None


def _deployments_used_up(response: httpx.Response) -> str:
    """Vercel's time is a day from now whenever it is asked (vercel/vercel#17426): places come free one by one before it."""
    reset = reset_of(response)
    until = f", by {reset:%Y-%m-%d %H:%M} UTC at the latest" if reset else ""
    return f"Deployments count for 24 hours: run this again later{until}, or choose a paid plan. What is done is kept."


def _limited(response: httpx.Response) -> str:
    reset = reset_of(response)
    return f"Run this again after {reset:%Y-%m-%d %H:%M:%S} UTC; what is done is kept." if reset else ""


GITHUB_APP = "Check git_repository and production_branch, and at GitHub (Settings, Applications) that Vercel's app may read the repository."

REFUSALS = (
    Refusal(Unauthorized, code="invalid_token"),
    Refusal(Unauthorized, code="missing_token"),
    Refusal(
        PermissionDenied,
        "The team requires a login by SAML: log in that way, create a token with the team as its scope, and export it as VERCEL_TOKEN.",
        "vercel-team",
        status=403,
        code="saml",
    ),
    # https://vercel.com/docs/limits, vercel/vercel#17426
    Refusal(RateLimited, _deployments_used_up, "vercel-limits", status=402, code="api-deployments-free-per-day"),
    Refusal(PermissionDenied, "Resolve what the team's Billing page reports.", "vercel-limits", status=402),
    Refusal(RateLimited, _limited, status=429),
    # saleor/cli#246 and #323: the app was given some repositories, and not this one.
    Refusal(UnexpectedResponse, GITHUB_APP, "vercel-repository", status=400, code="incorrect_git_source_info"),
    Refusal(UnexpectedResponse, GITHUB_APP, "vercel-repository", status=400, code="repo_not_found"),
    Refusal(UnexpectedResponse, GITHUB_APP, "vercel-repository", status=400, words="install the github integration"),
)
