"""Who answered: the application, or an edge in front of it. An edge's answer says nothing of what lies behind it.

Sources: https://vercel.com/docs/errors (``x-vercel-error``), https://vercel.com/docs/vercel-firewall (``x-vercel-mitigated``; reports
warpdotdev/docs#219, elevenlabs/ui#80, mohamedhiba/smartmenu#45: 429 or 403), https://vercel.com/docs/deployment-protection (401 with a
page, a redirect to vercel.com/sso-api, or ``x-vercel-error: UNAUTHORIZED``: vercel/eve#656),
https://developers.cloudflare.com/support/troubleshooting/http-status-codes (520–530, 1xxx), and its ``cf-mitigated``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from deploybook.errors import VerificationFailed

# Codes of ``x-vercel-error`` for a deployment that Vercel itself keeps from answering.
PAUSED = frozenset({"DEPLOYMENT_PAUSED", "DEPLOYMENT_DISABLED", "DEPLOYMENT_BLOCKED"})
# Codes that begin so are of the application's own functions: it was reached, and failed.
REACHED = (
    "FUNCTION_",
    "EDGE_FUNCTION_",
    "MIDDLEWARE_",
    "NOT_FOUND",
    "INVALID_REQUEST_METHOD",
    "ROUTER_",
    "INFINITE_LOOP",
)
# https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
CLOUDFLARE_STATUSES = frozenset({520, 521, 522, 523, 524, 525, 526, 527, 530})
# A rule or a challenge of a firewall; a browser may pass it, and a program does not.
STOPPED = frozenset({403, 429, 503})


@dataclass(frozen=True)
class Edge:
    """What stands in front of an application and answers in its place. ``entry`` explains it, ``hint`` lets the application answer."""

    name: str
    hint: str
    entry: str


FIREWALL = Edge(
    "Vercel's firewall",
    "In the dashboard, open the project's Firewall: switch Attack Challenge Mode off, or let this machine's address bypass it.",
    "vercel-firewall",
)
PROTECTION = Edge(
    "Vercel's login",
    "Switch Deployment Protection off for production (Settings, Deployment Protection).",
    "vercel-protection",
)
PAUSE = Edge(
    "Vercel's notice of a pause",
    "In the dashboard, resume the project, or resolve what the team's Billing page reports.",
    "vercel-paused",
)
PAGE = Edge(
    "Vercel's own error page",
    "Run deploybook run vercel --mode apply -p redeploy true.",
    "vercel-page",
)
CLOUDFLARE = Edge(
    "Cloudflare's proxy",
    "In Cloudflare's dashboard, set the domain's DNS record to DNS only, or change the rule that blocked this request.",
    "cloudflare-proxy",
)


class EdgeAnswered(VerificationFailed):
    """An edge answered in the application's place: one finding, and nothing is known of the application behind it."""


def edge_of(response: httpx.Response) -> tuple[Edge, str] | None:
    """The edge that gave this answer, and what shows it, such as ``429, x-vercel-mitigated: challenge``; None if the application did."""
    for edge, shown_by in _TABLE:
        if evidence := shown_by(response):
            return edge, f"{response.status_code}, {evidence}"
    return None


def refuse_edge(response: httpx.Response, url: str) -> None:
    """Raise EdgeAnswered if this answer is an edge's; ``url`` is the application's."""
    match = edge_of(response)
    if match is None:
        return
    edge, evidence = match
    message = f"{edge.name} answers in place of the app at {url} ({evidence})."
    error = EdgeAnswered(message, edge.hint, edge.entry)
    error.obstacle = f"{url} {edge.name}"
    raise error


def _mitigated(response: httpx.Response) -> str:
    value = response.headers.get("x-vercel-mitigated", "")
    return f"x-vercel-mitigated: {value}" if value else ""


def _login(response: httpx.Response) -> str:
    if "vercel.com/sso" in response.headers.get("location", ""):
        return "a redirect to vercel.com/sso-api"
    if response.headers.get("x-vercel-error") == "UNAUTHORIZED":
        return "x-vercel-error: UNAUTHORIZED"
    login = response.status_code == 401 and _is_page(response)
    return "a page that asks for a login" if login and response.headers.get("server") == "Vercel" else ""


def _paused(response: httpx.Response) -> str:
    code = response.headers.get("x-vercel-error", "")
    return f"x-vercel-error: {code}" if code in PAUSED or (code and response.status_code == 402) else ""


def _own_error(response: httpx.Response) -> str:
    code = response.headers.get("x-vercel-error", "")
    return f"x-vercel-error: {code}" if code and not code.startswith(REACHED) else ""


def _cloudflare(response: httpx.Response) -> str:
    if mitigated := response.headers.get("cf-mitigated", ""):
        return f"cf-mitigated: {mitigated}"
    if response.headers.get("server") != "cloudflare" or not _is_page(response):
        return ""
    if response.status_code in CLOUDFLARE_STATUSES:
        return "a page of Cloudflare's"
    refused = response.status_code in STOPPED and "error code: 1" in response.text.lower()
    return "a page of Cloudflare's" if refused else ""


def _is_page(response: httpx.Response) -> bool:
    kind = str(response.headers.get("content-type", ""))
    return kind.startswith(("text/html", "text/plain"))


_TABLE: tuple[tuple[Edge, Callable[[httpx.Response], str]], ...] = (
    (FIREWALL, _mitigated),
    (PROTECTION, _login),
    (PAUSE, _paused),
    (CLOUDFLARE, _cloudflare),
    (PAGE, _own_error),
)
