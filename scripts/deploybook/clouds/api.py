"""A provider's JSON API: one call per operation, its refusals turned into our errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploybook import http
from deploybook.errors import (
    Conflict,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    Unauthorized,
    UnexpectedResponse,
    Unreachable,
)

Explain = Callable[[Any], tuple[str, str]]

_BY_STATUS: dict[int, type[ServiceError]] = {
    401: Unauthorized,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}


@dataclass
class Api:
    """One provider at one base URL with one credential.

    ``explain`` reads the provider's error body (its JSON, or None) and gives ``(code, message)``. ``credential`` is the variable that
    the operator exported, named in hints. ``endpoint`` is the variable that overrides the base URL. ``advise`` gives the hint that a
    refusal itself holds, if any.
    """

    service: str
    client: httpx.Client
    explain: Explain
    credential: str
    endpoint: str
    # A provider's own code can say more than the status does.
    by_code: Mapping[str, type[ServiceError]] = field(default_factory=dict)
    advise: Callable[[httpx.Response], str] = lambda _: ""

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        expect: tuple[int, ...] = (200, 201, 202, 204),
        repeatable: bool = False,
    ) -> httpx.Response:
        """Send one request; raises the ServiceError that fits anything but an expected status.

        ``operation`` says what was wanted in the operator's words, as the end of *could not …*. ``repeatable`` marks a POST or PATCH
        that only reads, or that changes nothing the second time: it is retried as a GET would be.
        """
        present = {name: value for name, value in (params or {}).items() if value is not None}
        try:
            response = self.client.request(
                method,
                path,
                json=json,
                params=present or None,
                headers=dict(headers or {}),
                content=content,
                extensions={http.REPEATABLE_EXTENSION: True} if repeatable else None,
            )
        except httpx.TransportError as error:
            raise self._unreachable(operation, error) from None
        if response.status_code in expect:
            return response
        raise self._refused(operation, response)

    def json(self, operation: str, method: str, path: str, **options: Any) -> Any:
        """The same, giving the body's JSON; an answer that is no JSON is an UnexpectedResponse."""
        response = self.call(operation, method, path, **options)
        try:
            return response.json()
        except ValueError:
            message = f"{self.service} could not {operation}: its answer ({response.status_code}) is not JSON."
            hint = f"Check that {self.endpoint} is unset or names the API itself."
            raise UnexpectedResponse(self.service, operation, message, hint, status=response.status_code) from None

    def _unreachable(self, operation: str, error: httpx.TransportError) -> Unreachable:
        host = self.client.base_url.host
        reason = (
            "no answer in time" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
        )
        message = f"{self.service} could not {operation}: {host} cannot be reached ({reason})."
        hint = f"Check the network and that {self.endpoint} is unset or right, then run this again."
        return Unreachable(self.service, operation, message, hint)

    def _refused(self, operation: str, response: httpx.Response) -> ServiceError:
        try:
            code, message = self.explain(response.json())
        except (ValueError, LookupError, TypeError, AttributeError):
            code, message = "", response.reason_phrase
        status = response.status_code
        kind = self.by_code.get(code) or _BY_STATUS.get(status, UnexpectedResponse)
        label = f"{status}, code {code}" if code else str(status)
        text = f"{self.service} could not {operation}: {message.rstrip('.') or 'no reason given'} ({label})."
        hint = self.advise(response) or self._hint(kind)
        return kind(self.service, operation, text, hint, status=status, code=code)

    def _hint(self, kind: type[ServiceError]) -> str:
        if kind is Unauthorized:
            return f"Make a new token and export it as {self.credential}; the prerequisites say where."
        if kind is PermissionDenied:
            return f"Give the token in {self.credential} the permissions that the prerequisites list."
        if kind is RateLimited:
            return "Wait as long as the answer asks, then run this again; what is done is kept."
        if kind is NotFound:
            return f"Check the name, and that the token in {self.credential} belongs to the account that owns it."
        if kind is Conflict:
            return "Choose another name, or remove what holds this one."
        return "Run this again; if it stays, compare the provider's status page."
