"""An edge's answer is known for what it is, and an application's own is not taken for one. The answers are those of public reports."""

from __future__ import annotations

import httpx
import pytest

from deploybook.clouds.edges import EdgeAnswered, edge_of, refuse_edge

HTML, JSON = {"content-type": "text/html; charset=utf-8"}, {"content-type": "application/json"}
VERCEL, CLOUDFLARE = {"server": "Vercel"}, {"server": "cloudflare", "cf-ray": "8c1-FRA"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "entry"),
    [
        # elevenlabs/ui#80, warpdotdev/docs#219
        (429, {**VERCEL, **HTML, "x-vercel-mitigated": "challenge"}, "Vercel Security Checkpoint", "vercel-firewall"),
        # mohamedhiba/smartmenu#45
        (403, {**VERCEL, **HTML, "x-vercel-mitigated": "challenge"}, "Vercel Security Checkpoint", "vercel-firewall"),
        (403, {**VERCEL, "x-vercel-mitigated": "deny"}, "Forbidden", "vercel-firewall"),
        (401, {**VERCEL, **HTML, "set-cookie": "_vercel_sso_nonce=x"}, "Authentication Required", "vercel-protection"),
        (302, {**VERCEL, "location": "https://vercel.com/sso-api?url=x"}, "", "vercel-protection"),
        # vercel/eve#656
        (401, {**VERCEL, "x-vercel-error": "UNAUTHORIZED"}, "You must sign in", "vercel-protection"),
        (503, {**VERCEL, "x-vercel-error": "DEPLOYMENT_PAUSED"}, "", "vercel-paused"),
        (402, {**VERCEL, "x-vercel-error": "DEPLOYMENT_DISABLED"}, "Payment required", "vercel-paused"),
        (404, {**VERCEL, "x-vercel-error": "DEPLOYMENT_NOT_FOUND"}, "", "vercel-page"),
        (403, {**CLOUDFLARE, **HTML, "cf-mitigated": "challenge"}, "Just a moment...", "cloudflare-proxy"),
        (403, {**CLOUDFLARE, "content-type": "text/plain; charset=UTF-8"}, "error code: 1020", "cloudflare-proxy"),
        (522, {**CLOUDFLARE, **HTML}, "Connection timed out", "cloudflare-proxy"),
        (530, {**CLOUDFLARE, "content-type": "text/plain"}, "error code: 1016", "cloudflare-proxy"),
    ],
)
def test_an_edge_is_named_by_its_own_marks(status: int, headers: dict[str, str], body: str, entry: str) -> None:
    match = edge_of(httpx.Response(status, headers=headers, text=body))
    assert match is not None
    assert match[0].entry == entry
    assert match[1].startswith(f"{status}, ")


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (401, {**VERCEL, **JSON}, '{"error":"Unauthorized"}'),
        (403, {**CLOUDFLARE, **JSON}, '{"error":"key is outside assets/"}'),
        (404, {**VERCEL, **HTML}, "This page could not be found"),
        (429, {**VERCEL, **JSON}, '{"error":"too many jobs"}'),
        (500, {**VERCEL, "x-vercel-error": "FUNCTION_INVOCATION_FAILED"}, "A server error has occurred"),
        (413, {**VERCEL, "x-vercel-error": "FUNCTION_PAYLOAD_TOO_LARGE"}, "Request Entity Too Large"),
        (200, {**CLOUDFLARE, **HTML}, "<title>Studio</title>"),
        (503, {**JSON}, '{"error":"busy"}'),
    ],
)
def test_an_answer_of_the_application_is_no_edges(status: int, headers: dict[str, str], body: str) -> None:
    assert edge_of(httpx.Response(status, headers=headers, text=body)) is None


def test_what_is_raised_names_the_edge_the_address_and_the_evidence() -> None:
    answer = httpx.Response(429, headers={"x-vercel-mitigated": "challenge"})
    with pytest.raises(EdgeAnswered) as caught:
        refuse_edge(answer, "https://app.example")
    message = (
        "Vercel's firewall answers in place of the app at https://app.example (429, x-vercel-mitigated: challenge)."
    )
    assert str(caught.value) == message
