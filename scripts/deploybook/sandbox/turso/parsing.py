"""What every part of the platform API needs to read a request."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploybook.sandbox.turso import errors
from deploybook.sandbox.turso.access import ApiToken

Handler = Callable[[Request, ApiToken], Awaitable[Response]]
Routing = Callable[..., Route]


async def json_object(
    request: Request, fields: dict[str, type], *, required: tuple[str, ...] = (), known: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The JSON object sent, whatever its content type says (the vendor's client sends text/plain).

    ``known`` are described by the vendor and not done here: they answer 501 instead of being dropped in silence.
    """
    raw = await request.body()
    try:
        body = json.loads(raw) if raw.strip() else {}
    except ValueError:
        raise errors.Invalid("the body is not JSON") from None
    if not isinstance(body, dict):
        raise errors.Invalid("the body is not a JSON object")
    for name, value in body.items():
        if name in known:
            raise errors.NotImplementedHere(f"the field {name}")
        if name not in fields:
            raise errors.Invalid(f"unknown field {name}")
        if not isinstance(value, fields[name]):
            raise errors.Invalid(f"{name} has the wrong type")
    for name in required:
        if not body.get(name):
            raise errors.Invalid(f"{name} is required")
    return body
