"""The deployed app's two web endpoints, called as the worker calls them. Every refusal is HTTP 200: what counts is the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from pydantic import SecretStr

from deploybook import http
from deploybook.errors import RateLimited, ServiceError, UnexpectedResponse, Unreachable, VerificationFailed

# A container that starts cold has this long.
ANSWER_SECONDS = 120.0
# What Modal answers in the app's place, and nothing that an app's deploy changes.
TOO_OFTEN = 429
PASSING = frozenset({TOO_OFTEN, 502, 503, 504})


def submit(url: str, token: SecretStr) -> Mapping[str, Any]:
    """POST a job that lacks everything but the token, and give the answer's body. Nothing can be rendered from it."""
    return _answer(url, "POST", json={"auth_token": token.get_secret_value()})


def status(url: str, call_id: str) -> Mapping[str, Any]:
    """GET the status of a call, and give the answer's body."""
    return _answer(url, "GET", params={"call_id": call_id})


def _answer(url: str, method: str, **options: Any) -> Mapping[str, Any]:
    # Neither request starts anything: both may be repeated.
    options["extensions"] = {http.REPEATABLE_EXTENSION: True}
    try:
        with http.open_client(read_seconds=ANSWER_SECONDS) as client:
            answer = client.request(method, url, **options)
    except httpx.RequestError as error:
        message = f"{url} {http.unanswered(error)}."
        raise Unreachable("Modal", method, message, "Check the network, then run this again.") from None
    if answer.status_code in PASSING:
        kind: type[ServiceError] = RateLimited if answer.status_code == TOO_OFTEN else UnexpectedResponse
        message = f"Modal does not let {url} be reached for now ({answer.status_code})."
        raise kind("Modal", method, message, "Wait, then run this again.", status=answer.status_code)
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.status_code != 200 or not isinstance(body, dict):
        raise VerificationFailed(
            f"The endpoint {url} did not answer as the application's does.",
            "Run deploybook run modal --mode apply; the app's log says what it failed on.",
            # Modal's own answer where no app has the endpoint's label.
            "modal-app-stopped" if answer.status_code == 404 else "modal-dispatch",
            expected="200 and a JSON object",
            found=f"{answer.status_code}: {answer.text.strip()[:200] or 'nothing'}",
        )
    return body
