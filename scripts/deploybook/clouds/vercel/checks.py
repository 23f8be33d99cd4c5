"""The claims of the Vercel section, each as a test: None or a detail if it holds, an error if not."""

from __future__ import annotations

import httpx

from deploybook import http
from deploybook.clouds.edges import refuse_edge
from deploybook.errors import NotTested, Unreachable, VerificationFailed

# Shorter than for an API: an address that does not answer now is a finding, not a mishap on the way.
RETRY_SECONDS = 10.0
# The app refuses this key before it touches its storage or its database: what answers is the API itself, and nothing else.
API_PATH = "/api/storage/download?key=deploybook-check"


def page_answers(url: str) -> str:
    """The production domain answers 200 at ``/``, to anybody. Raises EdgeAnswered where an edge answers in the app's place."""
    answer = _get(url, "/", "open the page")
    if answer.status_code != 200:
        raise VerificationFailed(
            f"{url} does not answer 200.",
            "Look at the deployment's runtime log in the dashboard.",
            "vercel-page",
            expected="200",
            found=_described(answer),
        )
    return "200"


def api_answers(url: str) -> str:
    """The app's API answers in its own JSON, and not only its page. A page can be there while every function crashes."""
    answer = _get(url, API_PATH, "ask the app's API")
    if answer.status_code >= 500:
        raise VerificationFailed(
            f"The API of the app at {url} fails.",
            "Look at the deployment's runtime log in the dashboard.",
            "app-errors",
            expected="400",
            found=_described(answer),
        )
    if not answer.headers.get("content-type", "").startswith("application/json"):
        raise NotTested(f"{url} does not serve the application's API: {_described(answer)}")
    return f"{answer.status_code} for a key that is none of its own"


def _get(url: str, path: str, operation: str) -> httpx.Response:
    try:
        with http.open_client(retry_seconds=RETRY_SECONDS) as client:
            answer = client.get(f"{url}{path}", follow_redirects=False)
    except httpx.RequestError as error:
        message = f"{url} {http.unanswered(error)}."
        hint = "Check that the domain's DNS points at Vercel."
        unreachable = Unreachable("Vercel", operation, message, hint, "vercel-page")
        unreachable.obstacle = f"{httpx.URL(url).host} cannot be reached"
        raise unreachable from None
    refuse_edge(answer, url)
    return answer


def _described(answer: httpx.Response) -> str:
    code = answer.headers.get("x-vercel-error", "")
    return " ".join(part for part in (str(answer.status_code), code) if part)
