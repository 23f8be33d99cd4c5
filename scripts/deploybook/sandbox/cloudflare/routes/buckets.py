"""R2 buckets (description: ``r2-*``). Objects are reached only through S3."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from deploybook.sandbox.cloudflare.api import Call, Needs
from deploybook.sandbox.cloudflare.schema import BucketBody, BucketView, CorsBody, LifecycleBody, cors_rule
from deploybook.sandbox.cloudflare.state.permissions import R2_READ, R2_WRITE
from deploybook.sandbox.core import paging
from deploybook.sandbox.core.api import Answer, operation
from deploybook.sandbox.r2.state.buckets import Bucket
from deploybook.sandbox.r2.state.refusals import INVALID_ARGUMENT, R2Error


async def _list(call: Call) -> Answer:
    """One page of buckets in the order of their names; ``result_info.cursor`` is there while there are more."""
    size = call.number("per_page", 20, 1, 1000)
    cursor, part = call.query("cursor"), call.query("name_contains") or ""
    start = _start_after(cursor) if cursor else call.query("start_after")
    buckets = [bucket for bucket in call.state.storage.buckets.of(call.jurisdiction) if part in bucket.name]
    descending = call.query("direction") == "desc"
    page = paging.after(buckets, lambda bucket: bucket.name, start, size, descending=descending)
    info: dict[str, Any] = {"per_page": size}
    if page.more:
        info["cursor"] = _cursor(page.items[-1].name)
    views = [BucketView.model_validate(bucket) for bucket in page.items]
    return Answer({"buckets": views}, beside={"result_info": info})


async def _create(call: Call) -> BucketView:
    """A new bucket; an existing name is a conflict, the caller's own too."""
    body = await call.body(BucketBody)
    bucket = Bucket(body.name, call.jurisdiction, body.location, body.storage_class)
    return BucketView.model_validate(await call.state.storage.create_bucket(bucket))


async def _get(call: Call) -> BucketView:
    return BucketView.model_validate(call.bucket)


async def _delete(call: Call) -> dict[str, Any]:
    await call.state.storage.delete_bucket(call.path("bucket_name"), call.jurisdiction)
    return {}


async def _get_cors(call: Call) -> dict[str, Any]:
    """404 while there are no rules."""
    return {"rules": [cors_rule(rule) for rule in call.bucket.cors()]}


async def _put_cors(call: Call) -> dict[str, Any]:
    bucket = call.bucket
    bucket.rules = [rule.rule() for rule in (await call.body(CorsBody)).rules]
    return {}


async def _delete_cors(call: Call) -> dict[str, Any]:
    call.bucket.rules = []
    return {}


async def _get_lifecycle(call: Call) -> dict[str, Any]:
    return {"rules": call.bucket.lifecycle}


async def _put_lifecycle(call: Call) -> dict[str, Any]:
    bucket = call.bucket
    bucket.lifecycle = [rule.sent() for rule in (await call.body(LifecycleBody)).rules]
    return {}


def _cursor(name: str) -> str:
    """Where the next page begins: after ``name``."""
    return base64.urlsafe_b64encode(json.dumps({"startAfter": name}).encode()).decode()


def _start_after(text: str) -> str:
    """The reverse of ``_cursor``."""
    try:
        return str(json.loads(base64.urlsafe_b64decode(text))["startAfter"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise R2Error(INVALID_ARGUMENT, "Invalid Argument: cursor") from None


_BASE = "/accounts/{account_id}/r2/buckets"
_ONE = _BASE + "/{bucket_name}"
_READ = Needs("account", frozenset({R2_READ, R2_WRITE}), product=True)
_WRITE = Needs("account", frozenset({R2_WRITE}), product=True)

OPERATIONS = (
    operation("GET", _BASE, _list, query="name_contains start_after per_page order direction cursor", needs=_READ),
    operation("POST", _BASE, _create, needs=_WRITE),
    operation("GET", _ONE, _get, needs=_READ),
    operation("DELETE", _ONE, _delete, needs=_WRITE),
    operation("GET", _ONE + "/cors", _get_cors, needs=_READ),
    operation("PUT", _ONE + "/cors", _put_cors, needs=_WRITE),
    operation("DELETE", _ONE + "/cors", _delete_cors, needs=_WRITE),
    operation("GET", _ONE + "/lifecycle", _get_lifecycle, needs=_READ),
    operation("PUT", _ONE + "/lifecycle", _put_lifecycle, needs=_WRITE),
)
