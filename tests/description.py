"""A provider's own description (OpenAPI) as the judge of what our clients send and of what the sandbox answers."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

Document = dict[str, Any]
Operation = dict[str, Any]
Amend = Callable[[Document], object]
# Whether an answer was judged without the description: of an operation that it has, or of none. AssertionError if it is wrong.
JudgedElsewhere = Callable[[httpx.Response, Operation | None], bool]


class Description:
    """One document, amended where it is undecidable or too lax for the purpose."""

    def __init__(self, path: Path, amend: Amend = lambda _: None) -> None:
        self.document: Document = json.loads(path.read_text())
        amend(self.document)
        server = self.document["servers"][0]
        defaults = {name: variable["default"] for name, variable in server.get("variables", {}).items()}
        address = urlsplit(server["url"].format(**defaults))
        self._server, self._base = f"{address.scheme}://{address.netloc}", address.path.rstrip("/")
        # Vercel's document has an empty oneOf, which the checker of documents refuses.
        self._openapi = OpenAPI.from_dict(self.document, Config(spec_validator_cls=None))

    def operations(self) -> set[tuple[str, str]]:
        """Method and path of every operation."""
        return {(method.upper(), path) for path, methods in self.document["paths"].items() for method in methods}

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation of a request; None if there is none."""
        parts = path.removeprefix(self._base).split("/")
        for template, operations in self.document["paths"].items():
            names = template.split("/")
            fits = len(names) == len(parts) and all(
                name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
            )
            if fits and method.lower() in operations:
                return dict(operations[method.lower()])
        return None

    def asked(self, request: httpx.Request) -> MockRequest:
        """The request, as it would be at the provider's own address."""
        return MockRequest(
            self._server,
            request.method.lower(),
            request.url.path,
            headers=dict(request.headers),
            args=dict(request.url.params),
            data=request.content or None,
            content_type=request.headers.get("content-type", "application/json"),
        )


class Requests(Description):
    """Judges requests: a body has no field, and a query no parameter, but those described; ``everywhere`` goes with every request."""

    def __init__(self, path: Path, amend: Amend = lambda _: None, everywhere: frozenset[str] = frozenset()) -> None:
        def closed(document: Document) -> None:
            amend(document)
            _forbid_unknown_fields(document)

        super().__init__(path, closed)
        self._everywhere = everywhere

    def check(self, request: httpx.Request) -> str:
        """The id of the operation that a request is; raises OpenAPIError or AssertionError if the description does not allow it."""
        with warnings.catch_warnings():
            # What is deprecated is still described; `deploybook check --specs` reports it.
            warnings.simplefilter("ignore", DeprecationWarning)
            unmarshalled = self._openapi.unmarshal_request(self.asked(request))
        unmarshalled.raise_for_errors()
        unknown = set(request.url.params) - set(unmarshalled.parameters.query) - self._everywhere
        assert not unknown, f"{unknown} is not described"
        operation = self.operation(request.method, request.url.path)
        assert operation is not None, f"{request.method} {request.url.path} is not described"
        return str(operation["operationId"])


class Answers(Description):
    """Judges answers, as a hook of an httpx client; ``checked`` counts those that the description was asked about."""

    def __init__(
        self, path: Path, amend: Amend = lambda _: None, elsewhere: JudgedElsewhere = lambda _, __: False
    ) -> None:
        super().__init__(path, amend)
        self.checked = 0
        self._elsewhere = elsewhere

    def __call__(self, response: httpx.Response) -> None:
        """Raises OpenAPIError or AssertionError unless the answer is one that the description allows."""
        response.read()
        request = response.request
        if self._elsewhere(response, self.operation(request.method, request.url.path)):
            return
        kind = response.headers.get("content-type", "application/json")
        answer = MockResponse(response.content, response.status_code, dict(response.headers), kind)
        self._openapi.validate_response(self.asked(request), answer)
        self.checked += 1


def _forbid_unknown_fields(node: object) -> None:
    """The vendor lets a body have any field beside those described: ours must have those only."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and node.get("type") == "object":
            node.setdefault("additionalProperties", False)
        for value in node.values():
            _forbid_unknown_fields(value)
    elif isinstance(node, list):
        for value in node:
            _forbid_unknown_fields(value)


def recorded(client: httpx.Client) -> list[httpx.Request]:
    """The requests that a client sends from now on."""
    requests: list[httpx.Request] = []
    client.event_hooks = {"request": [requests.append], "response": []}
    return requests
