"""Answers as typed models: what a client reads of a body is checked at its edge, and what does not fit is one UnexpectedResponse.

A model names only the fields that are used; what else an answer has is ignored, as a provider may add to it. A field that a provider's
description leaves out, or answers with null, has a default here unless nothing can go on without it.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import httpx
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from deploybook.errors import UnexpectedResponse

Item = TypeVar("Item")
Shape = TypeVar("Shape")

# Methods that change nothing at a provider.
READS = frozenset({"GET", "HEAD", "OPTIONS"})
# The last second of the year 9999: what lies beyond has no date.
LAST_SECOND = 253402300799


class Answer(BaseModel):
    """A part of an answer, by the provider's names for its fields."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


def _instead_of_null(default: type[Any]) -> BeforeValidator:
    return BeforeValidator(lambda value: default() if value is None else value)


# A text, a list and a mapping that may be null, which reads as empty.
Text = Annotated[str, _instead_of_null(str)]
Many = Annotated[tuple[Item, ...], _instead_of_null(tuple)]
Mapped = Annotated[dict[str, Item], _instead_of_null(dict)]
Flag = Annotated[bool, _instead_of_null(bool)]
# What an answer cannot do without: an empty one would name nothing.
Name = Annotated[str, Field(min_length=1)]
# Seconds and milliseconds since the epoch, as far as they are a date; -1 is some providers' *never*.
EpochSeconds = Annotated[int, Field(ge=-1, le=LAST_SECOND)]
EpochMilliseconds = Annotated[float, Field(ge=0, le=LAST_SECOND * 1000)]


def parse(shape: type[Shape], service: str, operation: str, response: httpx.Response, *, endpoint: str = "") -> Shape:
    """The body of an answer as ``shape``, a model or a list of them.

    Raises UnexpectedResponse, which names the first field that does not fit and never its value, and says of a write whether it was
    carried out: a success that only its body does not describe was. ``endpoint`` is the variable that overrides the API's address.
    """
    try:
        return adapter_of(shape).validate_json(response.content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        raise _not_json(service, operation, response, endpoint)
    problem = _problem(".".join(str(part) for part in first["loc"]), first["type"], first["msg"])
    raise misfit(service, operation, response, problem)


def misfit(service: str, operation: str, response: httpx.Response, problem: str) -> UnexpectedResponse:
    """The error for an answer of success in which ``problem`` is (*it has no field result.id*)."""
    status = response.status_code
    if response.request.method in READS:
        message = f"{service} could not {operation}: its answer ({status}) does not match its description: {problem}."
        hint = "Run this again; if it persists, check the provider's status page. Nothing was changed."
    else:
        done = f"{service} has carried out the request to {operation} ({status})"
        message = f"{done}, but its answer does not match its description: {problem}."
        hint = "Run this again: it reads what exists and continues from there."
    return UnexpectedResponse(service, operation, message, hint, status=status)


def absent(service: str, operation: str, method: str, field: str) -> UnexpectedResponse:
    """The error for an answer of success that lacks a field, where the answer itself is not at hand any more."""
    return misfit(service, operation, httpx.Response(200, request=httpx.Request(method, "/")), f"it has no {field}")


def _not_json(service: str, operation: str, response: httpx.Response, endpoint: str) -> UnexpectedResponse:
    status = response.status_code
    unknown = "" if response.request.method in READS else " Whether it was carried out is not known."
    message = f"{service} could not {operation}: its answer ({status}) is not JSON.{unknown}"
    hint = f"Check that {endpoint} is unset or names the API itself." if endpoint else ""
    return UnexpectedResponse(service, operation, message, hint, status=status)


def _problem(field: str, kind: str, reason: str) -> str:
    if not field:
        return f"{reason[:1].lower()}{reason[1:]}"
    return f"it has no field {field}" if kind == "missing" else f"{field}: {reason[:1].lower()}{reason[1:]}"


_adapters: dict[object, TypeAdapter[Any]] = {}


def adapter_of(shape: type[Shape]) -> TypeAdapter[Shape]:
    """The validator of a shape; each is built once."""
    if shape not in _adapters:
        _adapters[shape] = TypeAdapter(shape)
    return _adapters[shape]
