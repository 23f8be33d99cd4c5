"""The bases of a provider's ``schema.py``: what a request's body may hold, and how a resource is written.

A provider sets its spelling once, in a subclass of each: ``model_config = ConfigDict(alias_generator=to_camel)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from deploybook.sandbox.core.refusals import not_implemented


class Body(BaseModel):
    """A request body. A member that is not declared and a value of another JSON type are refused.

    A validator that raises ``Refusal`` refuses in exactly those words.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    def sent(self, *but: str) -> dict[str, Any]:
        """The members that the client sent, by the vendor's names, without the fields in ``but``."""
        return self.model_dump(by_alias=True, exclude_unset=True, exclude=set(but))


class View(BaseModel):
    """A resource as an answer shows it. ``View.model_validate(resource)`` reads attributes of the same names."""

    model_config = ConfigDict(from_attributes=True, validate_by_name=True)


def if_any() -> Any:
    """The default of a view's field that is absent, and not null, where there is nothing to show."""
    return Field(default=None, exclude_if=lambda value: value is None)


def _refuse(_: Any) -> Any:
    raise PydanticCustomError("not_here", "not implemented in the sandbox")


def _refuse_unless_empty(value: Any) -> Any:
    return _refuse(value) if value else value


# A member that the vendor describes and the sandbox does not do: 501 if it is sent at all, or if it is sent with a value.
NotHere = Annotated[Any, AfterValidator(_refuse)]
NotHereUnlessEmpty = Annotated[Any, AfterValidator(_refuse_unless_empty)]


@dataclass(frozen=True)
class Problem:
    """The first thing wrong with a body: where (``policies.0.effect``; empty for the whole), pydantic's type and words."""

    path: str
    kind: str
    message: str
    context: Mapping[str, Any]


class InvalidBody(Exception):
    """A body that its schema does not take."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def parse(kind: Any, raw: bytes) -> Any:
    """JSON as ``kind`` (a Body, ``list[SomeBody]``, ``Any`` …); raises InvalidBody, or Refusal (501) for a ``NotHere`` member."""
    try:
        return _adapter(kind).validate_json(raw)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == "not_here":
        raise not_implemented(f"the field {path}") from None
    raise InvalidBody(Problem(path, first["type"], first["msg"], first.get("ctx", {}))) from None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
