"""A provider's JSON API: one call per operation, its refusals turned into our errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from deploybook import http
from deploybook.clouds.answers import READS, parse
from deploybook.clouds.refusals import Refusal, is_foreign, is_page, otherwise, page_title
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
Shape = TypeVar("Shape")

# How many addresses one request may be sent on to.
MOST_REDIRECTS = 3


@dataclass
class Api:
    """One provider at one base URL with one credential.

    ``explain`` reads the provider's error body (its JSON, or None) and gives ``(code, message)``. ``credential`` is the variable that
    the operator exported, named in hints. ``endpoint`` is the variable that overrides the base URL. ``refusals`` is the provider's table:
    the first row that fits counts, and where none does the status alone.
    """

    service: str
    client: httpx.Client
    explain: Explain
    credential: str
    endpoint: str
    refusals: tuple[Refusal, ...] = ()

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
        page: bool = False,
    ) -> httpx.Response:
        """Send one request; raises the ServiceError that fits anything but an expected status.

        ``operation`` says what was wanted in the operator's words, as the end of *could not …*. ``repeatable`` marks a POST or PATCH
        that only reads, or that changes nothing the second time: it is retried as a GET would be. ``page``: a web page is what is wanted;
        elsewhere one is no answer of the API, whatever its status.
        """
        present = {name: value for name, value in (params or {}).items() if value is not None}
        try:
            response = self._sent(
                self.client.build_request(
                    method,
                    path,
                    json=json,
                    params=present or None,
                    headers=dict(headers or {}),
                    content=content,
                    extensions={
                        http.OPERATION_EXTENSION: (self.service, operation),
                        http.REPEATABLE_EXTENSION: repeatable,
                    },
                )
            )
        except httpx.TransportError as error:
            raise self._unreachable(operation, error, method) from None
        except httpx.InvalidURL:
            message = (
                f"{self.service} could not {operation}: a name or id that it gave makes no address. Nothing was sent."
            )
            raise UnexpectedResponse(self.service, operation, message, self._hint(UnexpectedResponse)) from None
        except httpx.DecodingError:
            message = f"{self.service} could not {operation}: its answer cannot be decompressed.{_doubt(method)}"
            raise UnexpectedResponse(self.service, operation, message, self._hint(UnexpectedResponse)) from None
        if response.status_code in expect and (page or not _is_foreign_success(response)):
            return response
        raise self._refused(operation, response)

    def read(self, shape: type[Shape], operation: str, method: str, path: str, **options: Any) -> Shape:
        """The same, giving the body as a model of ``answers``; a body that does not fit is an UnexpectedResponse."""
        response = self.call(operation, method, path, **options)
        return parse(shape, self.service, operation, response, endpoint=self.endpoint)

    def json(self, operation: str, method: str, path: str, **options: Any) -> Any:
        """The same, giving the body's JSON; an answer that is no JSON is an UnexpectedResponse."""
        response = self.call(operation, method, path, **options)
        try:
            return response.json()
        except ValueError:
            message = f"{self.service} could not {operation}: its answer ({response.status_code}) is not JSON."
            hint = f"Check that {self.endpoint} is unset or names the API itself."
            raise UnexpectedResponse(self.service, operation, message, hint, status=response.status_code) from None

    def _sent(self, request: httpx.Request) -> httpx.Response:
        """Send it, and send it on where the same host says that what it is for has moved; never to another host."""
        response = self.client.send(request)
        for _ in range(MOST_REDIRECTS):
            onward = response.next_request
            if onward is None or onward.url.netloc != request.url.netloc or onward.method != request.method:
                break
            response = self.client.send(onward)
        return response

    def _unreachable(self, operation: str, error: httpx.TransportError, method: str) -> Unreachable:
        host = self.client.base_url.host
        reason = (
            "no answer in time" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
        )
        sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        message = f"{self.service} could not {operation}: {host} cannot be reached ({reason}).{_doubt(method) * sent}"
        hint = f"Check the network and that {self.endpoint} is unset or right, then run this again."
        return Unreachable(self.service, operation, message, hint)

    def _refused(self, operation: str, response: httpx.Response) -> ServiceError:
        try:
            code, message = self.explain(response.json())
        except (ValueError, LookupError, TypeError, AttributeError):
            nameless = "a web page answered in its place" if is_page(response) else response.reason_phrase
            code, message = "", page_title(response) or nameless
        status, foreign = response.status_code, is_foreign(response)
        refusals = (row for row in self.refusals if not foreign and row.fits(response, code, message))
        refusal = next(refusals, None) or otherwise(response)
        label = f"{status}, code {code}" if code else str(status)
        doubt = _doubt(response.request.method) if status >= 500 or foreign else ""
        text = f"{self.service} could not {operation}: {message.rstrip('.') or 'no reason given'} ({label}).{doubt}"
        hint = refusal.advice(response) or self._hint(refusal.kind)
        return refusal.kind(self.service, operation, text, hint, refusal.entry, status, code)

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
            return "Choose another name, or remove what has this one."
        return "Run this again; if it persists, check the provider's status page."


def _is_foreign_success(response: httpx.Response) -> bool:
    """Whether what looks like success, which for a deletion is 404 too, is none of the API's words."""
    return is_page(response) or (response.is_error and is_foreign(response))


def part(name: str) -> str:
    """A name or an id as one part of a path, whatever is in it."""
    return quote(name, safe="")


def _doubt(method: str) -> str:
    """What is to be said of a write without a proper answer."""
    return "" if method in READS else " Whether it was carried out is not known; a second run looks first."
