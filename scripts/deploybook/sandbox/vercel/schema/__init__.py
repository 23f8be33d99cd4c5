"""Vercel's JSON by the schemas of its official description: bodies in, views out. Both spell in camelCase."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel

from deploybook.sandbox.core import schema


class Body(schema.Body):
    """A request body in Vercel's spelling."""

    model_config = ConfigDict(alias_generator=to_camel)


class View(schema.View):
    """A resource in Vercel's spelling."""

    model_config = ConfigDict(alias_generator=to_camel)


def _iso(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# Milliseconds since the epoch, written as ISO 8601 (aliases).
Moment = Annotated[int, PlainSerializer(_iso)]
