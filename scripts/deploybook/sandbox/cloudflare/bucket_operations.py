"""The operations on R2 buckets (description: ``r2-*``). Objects are reached only through S3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from deploybook.sandbox.cloudflare import lifecycle
from deploybook.sandbox.cloudflare.gate import Cloud
from deploybook.sandbox.cloudflare.models import Token
from deploybook.sandbox.cloudflare.responses import (
    bucket_json,
    cursor,
    json_body,
    jurisdiction,
    only,
    start_after,
    success,
)
from deploybook.sandbox.r2 import cors
from deploybook.sandbox.r2.errors import INVALID_ARGUMENT, MALFORMED_JSON, R2Error
from deploybook.sandbox.r2.models import LOCATIONS, STORAGE_CLASSES, Bucket


@dataclass(frozen=True)
class BucketOperations:
    """Handlers."""

    cloud: Cloud

    async def list(self, request: Request, _: Token) -> Response:
        """One page of buckets in the order of their names; ``result_info.cursor`` is there while there are more."""
        query = request.query_params
        size = query.get("per_page", "20")
        if not re.fullmatch(r"\d{1,4}(\.0+)?", size) or not 1 <= float(size) <= 1000:
            raise R2Error(INVALID_ARGUMENT, "Invalid Argument: per_page")
        found = [
            b for b in self.cloud.objects.buckets.of(jurisdiction(request)) if query.get("name_contains", "") in b.name
        ]
        backwards = query.get("direction", "asc") == "desc"
        if backwards:
            found.reverse()
        after = start_after(query["cursor"]) if query.get("cursor") else query.get("start_after", "")
        if after:
            found = [b for b in found if (b.name < after if backwards else b.name > after)]
        shown = found[: int(float(size))]
        info: dict[str, Any] = {"per_page": int(float(size))}
        if len(found) > len(shown):
            info["cursor"] = cursor(shown[-1].name)
        return success({"buckets": [bucket_json(bucket) for bucket in shown]}, info)

    async def create(self, request: Request, _: Token) -> Response:
        """A new bucket; an existing name is a conflict, the asker's own too."""
        body = only(await json_body(request, R2Error(MALFORMED_JSON)), {"name"}, {"locationHint", "storageClass"})
        location, storage = body.get("locationHint", "enam"), body.get("storageClass", "Standard")
        if not isinstance(body["name"], str) or location not in LOCATIONS or storage not in STORAGE_CLASSES:
            raise R2Error(MALFORMED_JSON)
        bucket = Bucket(body["name"], jurisdiction(request), location, storage)
        return success(bucket_json(await self.cloud.objects.create_bucket(bucket)))

    async def get(self, request: Request, _: Token) -> Response:
        """One bucket."""
        return success(bucket_json(self._named(request)))

    async def delete(self, request: Request, _: Token) -> Response:
        """Delete an empty bucket."""
        await self.cloud.objects.delete_bucket(request.path_params["bucket_name"], jurisdiction(request))
        return success({})

    async def get_cors(self, request: Request, _: Token) -> Response:
        """The CORS rules; 404 while there are none."""
        return success({"rules": [rule.as_json() for rule in self._named(request).cors()]})

    async def put_cors(self, request: Request, _: Token) -> Response:
        """Replace all CORS rules."""
        bucket = self._named(request)
        bucket.rules = cors.from_json(await json_body(request, R2Error(MALFORMED_JSON)))
        return success({})

    async def delete_cors(self, request: Request, _: Token) -> Response:
        """Remove all CORS rules."""
        self._named(request).rules = []
        return success({})

    async def get_lifecycle(self, request: Request, _: Token) -> Response:
        """The lifecycle rules."""
        return success({"rules": self._named(request).lifecycle})

    async def put_lifecycle(self, request: Request, _: Token) -> Response:
        """Replace all lifecycle rules."""
        bucket = self._named(request)
        bucket.lifecycle = lifecycle.from_json(await json_body(request, R2Error(MALFORMED_JSON)))
        return success({})

    def _named(self, request: Request) -> Bucket:
        return self.cloud.objects.buckets.find(request.path_params["bucket_name"], jurisdiction(request))
