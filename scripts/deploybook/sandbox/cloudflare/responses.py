"""Parsing and serialising: the envelope, credentials, bodies, and how tokens and buckets are written."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from deploybook.sandbox.cloudflare.errors import ApiError, bad_header, invalid, no_header
from deploybook.sandbox.cloudflare.models import Condition, Token
from deploybook.sandbox.r2.errors import INVALID_ARGUMENT, MALFORMED_JSON, R2Error
from deploybook.sandbox.r2.models import JURISDICTIONS, Bucket

_BEARER = re.compile(r"Bearer ([A-Za-z0-9_-]{40,80})")


def success(result: Any, info: dict[str, Any] | None = None, messages: list[Any] | None = None) -> JSONResponse:
    """The envelope of an answer."""
    body = {"result": result, "success": True, "errors": [], "messages": messages or []}
    return JSONResponse(body | {"result_info": info} if info is not None else body)


def failure(error: ApiError) -> JSONResponse:
    """The envelope of a refusal."""
    body = {"success": False, "errors": [error.as_json()], "messages": [], "result": None}
    return JSONResponse(body, error.status, error.headers)


def r2_failure(error: R2Error) -> JSONResponse:
    """The same for R2's own refusals."""
    return failure(ApiError(error.kind.status, error.kind.number, error.message, headers=error.headers))


def bearer(request: Request, *, verifying: bool) -> str:
    """The presented token value."""
    header = request.headers.get("authorization")
    if header is None:
        raise no_header(verifying=verifying)
    found = _BEARER.fullmatch(header)
    if not found:
        raise bad_header()
    return found.group(1)


async def json_body(request: Request, malformed: Exception) -> Any:
    """The body as JSON, whatever its content type says (wrangler says text/plain)."""
    try:
        return json.loads(await request.body())
    except ValueError:
        raise malformed from None


def page(request: Request) -> tuple[int, int]:
    """``page`` and ``per_page`` of a list of tokens: 5 to 50, 20 by default."""
    number, size = (request.query_params.get(name, default) for name, default in (("page", "1"), ("per_page", "20")))
    if not re.fullmatch(r"\d{1,6}(\.0+)?", number) or float(number) < 1:
        raise invalid("page must be a number of at least 1")
    if not re.fullmatch(r"\d{1,6}(\.0+)?", size) or not 5 <= float(size) <= 50:
        raise invalid("per_page must be between 5 and 50")
    return int(float(number)), int(float(size))


def token_json(token: Token, value: str | None = None) -> dict[str, Any]:
    """A token; its value only if it has just been made."""
    body: dict[str, Any] = {
        "id": token.id,
        "name": token.name,
        "status": token.status,
        "issued_on": stamp(token.issued_on),
        "modified_on": stamp(token.modified_on),
        "policies": [policy.as_json() for policy in token.policies],
    }
    for name in ("last_used_on", "expires_on", "not_before"):
        if moment := getattr(token, name):
            body[name] = stamp(moment)
    if token.condition:
        body["condition"] = {
            "request.ip": {"in": list(token.condition.inside), "not_in": list(token.condition.outside)}
        }
    return body | {"value": value} if value else body


def bucket_json(bucket: Bucket) -> dict[str, Any]:
    """A bucket."""
    return {
        "name": bucket.name,
        "creation_date": f"{bucket.created:%Y-%m-%dT%H:%M:%S}.{bucket.created.microsecond // 1000:03d}Z",
        "location": bucket.location,
        "jurisdiction": bucket.jurisdiction,
        "storage_class": bucket.storage_class,
    }


def stamp(moment: datetime) -> str:
    """A time as tokens state it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def moment(body: Mapping[str, Any], name: str) -> datetime | None:
    """An optional time of a body, with its time zone."""
    text = body.get(name)
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise invalid(f"{name} must be a UTC time such as 2030-01-31T00:00:00Z") from None
    if parsed.tzinfo is None:
        raise invalid(f"{name} must state its time zone")
    return parsed


def condition(body: Mapping[str, Any]) -> Condition | None:
    """The optional condition of a body; the SDK spells its field ``request_ip``, the documentation ``request.ip``."""
    given = body.get("condition")
    if not given:
        return None
    if not isinstance(given, dict) or not given.keys() <= {"request.ip", "request_ip"}:
        raise invalid("condition has the field request.ip")
    ranges = next(iter(given.values()))
    if not isinstance(ranges, dict) or not ranges.keys() <= {"in", "not_in"}:
        raise invalid("request.ip has the fields in and not_in")
    try:
        for cidr in [*ranges.get("in", []), *ranges.get("not_in", [])]:
            ipaddress.ip_network(cidr, strict=False)
    except (TypeError, ValueError):
        raise invalid("addresses must be in CIDR notation") from None
    return Condition(tuple(ranges.get("in", [])), tuple(ranges.get("not_in", [])))


def jurisdiction(request: Request) -> str:
    """The jurisdiction that a call to R2 is about."""
    name = request.headers.get("cf-r2-jurisdiction", "default")
    if name not in JURISDICTIONS:
        raise R2Error(INVALID_ARGUMENT, "Invalid Argument: cf-r2-jurisdiction")
    return name


def only(body: Any, needed: set[str], allowed: set[str]) -> dict[str, Any]:
    """An R2 body that has the needed fields and no unknown ones."""
    if not isinstance(body, dict) or not needed <= body.keys() <= needed | allowed:
        raise R2Error(MALFORMED_JSON)
    return body


def cursor(name: str) -> str:
    """Where the next page of buckets begins: after ``name``."""
    return base64.urlsafe_b64encode(json.dumps({"startAfter": name}).encode()).decode()


def start_after(text: str) -> str:
    """The reverse of ``cursor``."""
    try:
        return str(json.loads(base64.urlsafe_b64decode(text))["startAfter"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise R2Error(INVALID_ARGUMENT, "Invalid Argument: cursor") from None
