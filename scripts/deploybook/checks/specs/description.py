"""A provider's published description (OpenAPI 3), made strict, as the judge of recorded requests and their answers."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from openapi_core.validation.request.exceptions import ParameterValidationError, RequestBodyValidationError

from deploybook.checks.specs import ANSWER, BODY, DEPRECATED, OPERATION, PARAMETER
from deploybook.checks.specs.amendments import AMENDMENTS, UNDESCRIBED_FIELDS, UNDESCRIBED_PARAMETERS, tighten
from deploybook.checks.specs.recording import Exchange
from deploybook.errors import InvalidValue

Document = dict[str, Any]
METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})
# What HTTP itself has (RFC 9110), and the authorization, which a description has among its security schemes.
STANDARD_HEADERS = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "user-agent"}
)
# A problem: the rule that it breaks, by the end of the rule's name, and what there is to say. Never a value that was sent.
Problem = tuple[str, str]


class Description:
    """One document, of which only what the exchanges need is read: a published one has thousands of operations."""

    def __init__(self, provider: str, document: Document, paths: Collection[str]) -> None:
        self.server = self.server_of(document)
        base = urlsplit(self.server).path
        wanted = [path.removeprefix(base) for path in paths]
        templates = {
            template: item
            for template, item in document["paths"].items()
            if any(_fits(template, path) for path in wanted)
        }
        self._document = copy.deepcopy({**document, "paths": templates})
        if provider in AMENDMENTS:
            AMENDMENTS[provider](self._document)
        tighten(self._document)
        self._base = base

    @staticmethod
    def server_of(document: Document) -> str:
        """The address of the API that a document describes."""
        return str((document.get("servers") or [{}])[0].get("url", "")).rstrip("/")

    @cached_property
    def _openapi(self) -> OpenAPI:
        # Vercel's document has an empty oneOf, which the checker of documents refuses.
        return OpenAPI.from_dict(self._document, Config(spec_validator_cls=None))

    def operation_of(self, method: str, path: str) -> Mapping[str, Any] | None:
        """The operation of a request, its path's parameters among its own; None if there is none."""
        operation = self._item(path).get(method.lower())
        shared = self._item(path).get("parameters", [])
        return {**operation, "parameters": [*shared, *operation.get("parameters", [])]} if operation else None

    def name_of(self, method: str, path: str) -> str:
        """The operation's id; empty if there is none."""
        operation = self.operation_of(method, path)
        return str(operation.get("operationId") or f"{method} {path}") if operation else ""

    def problems(self, exchange: Exchange) -> Iterator[Problem]:
        """What the description does not allow of one exchange."""
        yield from self.absence(exchange.method, exchange.path)
        operation = self.operation_of(exchange.method, exchange.path)
        if operation:
            yield from self._parameters(operation, exchange)
            yield from self._request(exchange)
            yield from self._answer(exchange)

    def absence(self, method: str, path: str) -> Iterator[Problem]:
        """Whether an operation is not there, or will go."""
        operation = self.operation_of(method, path)
        if operation is None:
            others = sorted(other.upper() for other in self._item(path) if other in METHODS)
            yield OPERATION, f"the path has only {', '.join(others)}" if others else "the path is not there"
        elif operation.get("deprecated"):
            yield DEPRECATED, "it is deprecated"

    def _item(self, path: str) -> Mapping[str, Any]:
        bare = path.removeprefix(self._base)
        # A template without parameters goes before one with them, as in OpenAPI's *Path Templating Matching*.
        fitting = sorted(
            (template for template in self._document["paths"] if _fits(template, bare)),
            key=lambda template: template.count("{"),
        )
        return dict(self._document["paths"][fitting[0]]) if fitting else {}

    def _parameters(self, operation: Mapping[str, Any], exchange: Exchange) -> Iterator[Problem]:
        described = [self._resolved(parameter) for parameter in operation["parameters"]]
        by_name = {parameter["name"]: parameter for parameter in described if parameter["in"] == "query"}
        passed_over = UNDESCRIBED_PARAMETERS.get(str(operation.get("operationId")), frozenset())
        for name in dict.fromkeys(name for name, _ in exchange.query):
            if name not in by_name and name not in passed_over:
                yield PARAMETER, f"there is no {name}"
            elif by_name.get(name, {}).get("deprecated"):
                yield DEPRECATED, f"{name} is deprecated"
        headers = STANDARD_HEADERS | {
            parameter["name"].lower() for parameter in described if parameter["in"] == "header"
        }
        for name in sorted(set(exchange.headers) - headers):
            yield PARAMETER, f"there is no header {name}"
        if exchange.body and not operation.get("requestBody"):
            yield BODY, "there is no body"

    def _request(self, exchange: Exchange) -> Iterator[Problem]:
        with warnings.catch_warnings():
            # A parameter that is deprecated is a problem of its own, above.
            warnings.simplefilter("ignore", DeprecationWarning)
            errors = list(self._openapi.iter_request_errors(self._asked(exchange)))
        for error in errors:
            if isinstance(error, ParameterValidationError):
                yield PARAMETER, f"{error}: {_reasons(error)}".removesuffix(": ")
            elif isinstance(error, RequestBodyValidationError):
                yield BODY, _reasons(error) or str(error)

    def _answer(self, exchange: Exchange) -> Iterator[Problem]:
        """A refusal is made by the sandbox for the case at hand, and few descriptions tell of it: a success is compared."""
        if not 200 <= exchange.status < 300 or "stream" in exchange.response_type:
            return
        kind = exchange.response_type or "application/json"
        name = self.name_of(exchange.method, exchange.path)
        answer = MockResponse(exchange.response_body, exchange.status, None, kind)
        for error in self._openapi.iter_response_errors(self._asked(exchange), answer):
            cause = getattr(error.__cause__, "schema_errors", None)
            reason = _reasons(error, UNDESCRIBED_FIELDS.get(name, ())) if cause else str(error)
            if reason:
                yield ANSWER, reason

    def _asked(self, exchange: Exchange) -> MockRequest:
        parts = urlsplit(self.server)
        return MockRequest(
            f"{parts.scheme}://{parts.netloc}",
            exchange.method.lower(),
            exchange.path,
            headers=dict(exchange.headers),
            args=dict(exchange.query),
            data=exchange.body or None,
            content_type=exchange.headers.get("content-type", "application/json"),
        )

    def _resolved(self, node: Any) -> Mapping[str, Any]:
        while "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return dict(node)


def read_document(path: Path) -> Document:
    """A description's file; raises InvalidValue for one that is none."""
    try:
        document: Document = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(document["paths"], dict)
    except (ValueError, KeyError, TypeError, AssertionError):
        raise InvalidValue(f"{path.name} is no OpenAPI description.", "Get it again from the provider.") from None
    return document


def _fits(template: str, path: str) -> bool:
    names, parts = template.split("/"), path.split("/")
    return len(names) == len(parts) and all(
        name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
    )


def _reasons(error: BaseException, beyond: Collection[str] = ()) -> str:
    """Why a value does not fit, from the validator's own errors, by its place and the rule: never the value."""
    reasons = (_reason(schema_error, beyond) for schema_error in getattr(error.__cause__, "schema_errors", None) or ())
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason))


def _reason(error: Any, beyond: Collection[str]) -> str:
    """One error; of several alternatives, the one that fits best counts. Empty if all that is wrong are fields of ``beyond``."""
    place = ".".join("[]" if isinstance(part, int) else str(part) for part in error.absolute_path) or "the body"
    if error.context:
        branches: dict[object, list[Any]] = {}
        for inner in error.context:
            branches.setdefault(inner.schema_path[0], []).append(inner)
        # One of another type altogether is not the one that was meant.
        fitting = min(
            branches.values(),
            key=lambda errors: (any(inner.validator == "type" and not inner.path for inner in errors), len(errors)),
        )
        reasons = [reason for inner in fitting if (reason := _reason(inner, beyond))]
        return "; ".join(dict.fromkeys(reasons))
    if error.validator == "additionalProperties":
        extra = sorted(set(error.instance) - set(error.schema.get("properties", {})) - set(beyond))
        return f"{place} has {', '.join(extra)}, which is not described or deprecated" if extra else ""
    if error.validator == "required":
        # The message names the field, and nothing else.
        return f"{place}: {error.message}"
    return f"{place} must keep {error.validator} {json.dumps(error.validator_value)[:160]}"
