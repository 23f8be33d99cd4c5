"""Scenarios on the way to every service: what a provider or a network does for a while. The fix of each is to wait."""

from __future__ import annotations

from deploybook.sandbox.core.faults import Fault
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.scenarios.registry import Act, by_hand, scenario

# More requests than are sent while it lasts.
ALL = 10_000
# A provider that names a time beyond a client's patience is not asked again at once.
LATER = {"retry-after": "120", "content-type": "application/json"}


@scenario("service-unreachable")
async def cut(context: Context) -> None:
    """Cloudflare's API does not answer: each connection is cut."""
    context.faults.inject(Fault("cloudflare", "reset", times=ALL, scenario="service-unreachable"))


@scenario("rate-limited")
async def limited(context: Context) -> None:
    """Something else has used up Cloudflare's limit of calls."""
    body = '{"success": false, "errors": [{"code": 10000, "message": "Please wait"}], "messages": [], "result": null}'
    context.faults.inject(
        Fault("cloudflare", "status", times=ALL, status=429, headers=LATER, body=body, scenario="rate-limited")
    )


@scenario("unexpected-response")
async def down(context: Context) -> None:
    """Turso's platform answers 503 for some minutes."""
    body = '{"error": "service unavailable"}'
    context.faults.inject(
        Fault("turso", "status", times=ALL, status=503, headers=LATER, body=body, scenario="unexpected-response")
    )


@scenario("unexpected-response.cdn")
async def cut_off(context: Context) -> None:
    """The CDN in front of Turso's platform does not reach it, and answers with a page of its own."""
    headers = {"retry-after": "120", "content-type": "text/html; charset=UTF-8", "server": "cloudflare"}
    body = "<!DOCTYPE html><html><head><title>api.turso.tech | 522: Connection timed out</title></head></html>"
    name = "unexpected-response.cdn"
    context.faults.inject(Fault("turso", "status", times=ALL, status=522, headers=headers, body=body, scenario=name))


@scenario("unexpected-response.shape")
async def another_shape(context: Context) -> None:
    """Cloudflare's list of tokens comes in a shape that no description has."""
    name = "unexpected-response.shape"
    body = '{"success": true, "errors": [], "messages": [], "result": {"tokens": []}}'
    fault = Fault("cloudflare", "status", path=".*/tokens", times=ALL, status=200, body=body, scenario=name)
    fault.headers = {"content-type": "application/json"}
    context.faults.inject(fault)


def _waited_for(entry: str) -> Act:
    async def over(context: Context) -> None:
        """Wait: it passes."""
        context.faults.end(entry)

    return over


for _entry in (
    "service-unreachable",
    "rate-limited",
    "unexpected-response",
    "unexpected-response.cdn",
    "unexpected-response.shape",
):
    by_hand(_entry)(_waited_for(_entry))
