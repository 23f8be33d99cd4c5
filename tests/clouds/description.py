"""A provider's own description as the judge of what our clients send."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest


class Description:
    """One OpenAPI document; ``check`` gives the operation that a request is."""

    def __init__(self, path: Path, server: str, amend: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
        document = json.loads(path.read_text())
        amend(document)
        self._server = server
        _forbid_unknown_fields(document)
        self._paths = document["paths"]
        self._base = urlsplit(document["servers"][0]["url"]).path.rstrip("/")
        self._openapi = OpenAPI.from_dict(document)

    def check(self, request: httpx.Request) -> str:
        """Raises OpenAPIError for a request that the description does not allow."""
        asked = MockRequest(
            self._server,
            request.method.lower(),
            request.url.path,
            headers=dict(request.headers),
            args=dict(request.url.params),
            data=request.content or None,
        )
        unmarshalled = self._openapi.unmarshal_request(asked)
        unmarshalled.raise_for_errors()
        unknown = set(request.url.params) - set(unmarshalled.parameters.query)
        assert not unknown, f"{unknown} is not described"
        return self._operation(request.method, request.url.path.removeprefix(self._base).split("/"))

    def _operation(self, method: str, parts: list[str]) -> str:
        for template, operations in self._paths.items():
            names = template.split("/")
            fits = len(names) == len(parts) and all(
                name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
            )
            if fits and method.lower() in operations:
                return str(operations[method.lower()]["operationId"])
        raise AssertionError(f"{method} {parts} is not described")


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
    seen: list[httpx.Request] = []
    client.event_hooks = {"request": [seen.append], "response": []}
    return seen
