"""The deployed application's own HTTP surface, as a browser uses it. Wire format: the application's contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from deploybook import http
from deploybook.clouds.edges import refuse_edge
from deploybook.clouds.negative import ExpectedRefusal, Reply
from deploybook.clouds.refusals import IN_FRONT, is_page
from deploybook.errors import UnexpectedResponse, Unreachable

R2_HOSTS = ".r2.cloudflarestorage.com"


@dataclass
class Answer:
    """One answer: its status and its JSON (empty if it has none)."""

    status: int
    body: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        """What stands under ``data``, or the body itself."""
        data = self.body.get("data", self.body)
        return data if isinstance(data, dict) else {}

    @property
    def error(self) -> str:
        """What the application says is wrong, in whichever of its four shapes, with the fields that it names; empty if it says nothing."""
        error = self.body.get("error") or self.body.get("message") or ""
        details = self.body.get("details")
        if isinstance(error, dict):
            details = error.get("details") or details
            error = error.get("message") or error.get("code") or ""
        fields = ", ".join(map(str, details)) if isinstance(details, dict) else ""
        return f"{error} ({fields})" if fields and error else str(error)

    def reply(self) -> Reply:
        """The answer for a negative claim; its code says whether it is the application's own JSON."""
        reason = f", {self.error.rstrip('.')}" if self.error else ""
        return Reply(self.status, JSON if self.body else "", f"{self.status}{reason}")


JSON = "JSON"


def refusal(*statuses: int) -> ExpectedRefusal:
    """How the application refuses: with one of these statuses, and in JSON."""
    return ExpectedRefusal(frozenset(statuses), frozenset({JSON}))


class Studio:
    """The application at its public origin. Answers are given as they are; an unreachable host and an edge in front of it are raised."""

    def __init__(self, url: str, *, r2_endpoint: str = "") -> None:
        self.url = url
        # Where R2_ENDPOINT_URL stands for R2, it stands for the presigned URLs that the application hands out too.
        stands_for = {R2_HOSTS: r2_endpoint} if r2_endpoint else None
        self._client = http.open_client(url, retry_seconds=0, stands_for=stands_for)

    @classmethod
    def from_variables(cls, variables: Mapping[str, SecretStr], environ: Mapping[str, str]) -> Studio | None:
        """The application at ``NEXT_PUBLIC_APP_URL``, or None while that is not known."""
        url = variables.get("NEXT_PUBLIC_APP_URL")
        return cls(url.get_secret_value(), r2_endpoint=environ.get("R2_ENDPOINT_URL", "")) if url else None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def page(self) -> httpx.Response:
        """GET ``/``; raises EdgeAnswered if it is an edge's answer."""
        return self._ask("open the page", "GET", "/")

    def redirect(self, operation: str, path: str) -> httpx.Response:
        """GET a path that leads elsewhere; the redirection is not followed."""
        return self._ask(operation, "GET", path)

    def call(self, operation: str, method: str, path: str, **options: Any) -> Answer:
        """One call of the API; ``operation`` is the end of *could not …*. Raises EdgeAnswered if an edge answers in the app's place."""
        response = self._ask(operation, method, path, **options)
        try:
            body = response.json()
        except ValueError:
            body = {}
        return Answer(response.status_code, body if isinstance(body, dict) else {})

    def storage(self, operation: str, method: str, url: str, **options: Any) -> httpx.Response:
        """One request to a presigned URL that the application handed out."""
        if not _is_address(url):
            raise UnexpectedResponse(
                "Vercel",
                operation,
                f"The web app on Vercel handed out {url.split('?')[0]!r}, which is not a URL in R2.",
                "Set STORAGE_BACKEND=r2 and DEPLOY_ENV=production for Production on Vercel, and deploy again.",
                "playback",
            )
        response = self._send(operation, method, url, **options)
        if is_page(response) and httpx.URL(url).host.endswith(R2_HOSTS):
            status = response.status_code
            message = f"Could not {operation}: a web page answered in R2's place ({status})."
            raise UnexpectedResponse("R2", operation, message, IN_FRONT, status=status)
        return response

    def _ask(self, operation: str, method: str, path: str, **options: Any) -> httpx.Response:
        response = self._send(operation, method, path, **options)
        refuse_edge(response, self.url)
        return response

    def _send(self, operation: str, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            return self._client.request(method, url, **options)
        except httpx.RequestError as error:
            # A presigned URL is a capability: only its host is shown.
            host = httpx.URL(url).host or httpx.URL(self.url).host
            service = "R2" if host.endswith(R2_HOSTS) else "Vercel"
            message = f"Could not {operation}: {host} {http.unanswered(error)}."
            unreachable = Unreachable(service, operation, message, "Check the network and the address.")
            unreachable.obstacle = f"{host} cannot be reached"
            raise unreachable from None


def _is_address(url: str) -> bool:
    """Whether a URL that the application handed out can be asked at all, and over HTTPS."""
    try:
        return httpx.URL(url).scheme == "https"
    except httpx.InvalidURL:
        return False
