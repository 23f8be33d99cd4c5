"""The claims of the Vercel section, each as a test: None or a detail if it holds, an error if not."""

from __future__ import annotations

import httpx

from deploybook import http
from deploybook.errors import Unreachable, VerificationFailed

# Shorter than for an API: an address that does not answer now is a finding, not a mishap on the way.
RETRY_SECONDS = 10.0


def page_answers(url: str) -> str:
    """The production domain answers 200 at ``/``, to anybody."""
    try:
        with http.open_client(retry_seconds=RETRY_SECONDS) as client:
            answer = client.get(f"{url}/", follow_redirects=False)
    except httpx.TransportError as error:
        message = f"{url} cannot be reached ({type(error).__name__})."
        raise Unreachable(
            "Vercel", "open the page", message, "Check that the domain's DNS points at Vercel.", "vercel-page"
        ) from None
    target = answer.headers.get("location", "")
    if answer.status_code == 401 or "vercel.com/sso" in target:
        raise VerificationFailed(
            f"{url} asks visitors to log in to Vercel.",
            "Switch Deployment Protection off for production (Settings, Deployment Protection).",
            "vercel-protection",
            expected="200",
            found=str(answer.status_code),
        )
    if answer.status_code != 200:
        code = answer.headers.get("x-vercel-error", "")
        raise VerificationFailed(
            f"{url} does not answer 200.",
            "Look at the deployment's runtime log in the dashboard.",
            "vercel-page",
            expected="200",
            found=" ".join(part for part in (str(answer.status_code), code) if part),
        )
    return "200"
