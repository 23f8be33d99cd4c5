"""The S3 endpoint: a proxy that streams to SeaweedFS, refuses what R2 refuses, and answers CORS from the bucket's rules."""

from __future__ import annotations

import contextlib
import time

import httpx
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from deploybook.sandbox.r2 import schema
from deploybook.sandbox.r2.backend.passage import Body, ClientGone, Passage, Upload, relay
from deploybook.sandbox.r2.backend.translation import translate
from deploybook.sandbox.r2.routes.claims import read_claim, signature_is_right
from deploybook.sandbox.r2.routes.requests import Operation, S3Request, operation, parse
from deploybook.sandbox.r2.routes.unimplemented import refuse_size, refuse_unimplemented
from deploybook.sandbox.r2.state import Storage
from deploybook.sandbox.r2.state.buckets import Access, Bucket, Buckets, Key
from deploybook.sandbox.r2.state.refusals import (
    ACCESS_DENIED,
    CORS_FORBIDDEN,
    INTERNAL_ERROR,
    INVALID_ARGUMENT,
    NO_SUCH_CORS,
    NOT_IMPLEMENTED,
    UNAUTHORIZED,
    Kind,
    R2Error,
)

_OBJECT_WRITES = frozenset({"PutObject", "CompleteMultipartUpload"})
_BUFFERED = frozenset({"CreateBucket", "PutBucketCors"})
_KEPT_HERE = _BUFFERED | {"ListBuckets", "DeleteBucket", "GetBucketLocation", "GetBucketCors", "DeleteBucketCors"}


class S3Proxy:
    """An ASGI app before SeaweedFS."""

    def __init__(self, storage: Storage, passage: Passage) -> None:
        self._storage = storage
        self._passage = passage

    @property
    def _buckets(self) -> Buckets:
        """Those of now: a world that is brought back has others."""
        return self._storage.buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers: dict[str, str] = {}
        upload = Upload(scope, receive)
        try:
            request = parse(scope, self._storage.account_id)
            if request.method == "OPTIONS":
                response = self._preflight(request)
            else:
                headers = self._cors_headers(request)
                response = await self._answer(request, scope, upload)
        except R2Error as error:
            response = _refusal(error, scope["method"])
        except httpx.TransportError as problem:
            response = _refusal(R2Error(INTERNAL_ERROR, f"SeaweedFS: {problem}"), scope["method"])
        except ClientGone:
            return
        for name, value in headers.items():
            response.headers[name] = value
        await response(scope, receive, send)

    def _preflight(self, request: S3Request) -> Response:
        """A preflight needs no signature; what no rule allows is 403."""
        origin = request.headers.get("origin", "")
        method = request.headers.get("access-control-request-method", "")
        if not origin or not method:
            raise R2Error(
                INVALID_ARGUMENT, "Insufficient information. Origin and Access-Control-Request-Method are needed."
            )
        names = [name.strip() for name in request.headers.get("access-control-request-headers", "").split(",")]
        requested = tuple(name for name in names if name)
        bucket = self._buckets.by_name.get(request.bucket)
        rule = bucket.rule_for(origin, method, requested) if bucket else None
        if rule is None:
            raise R2Error(CORS_FORBIDDEN)
        return Response(status_code=204, headers=rule.preflight(origin, requested))

    def _cors_headers(self, request: S3Request) -> dict[str, str]:
        origin = request.headers.get("origin", "")
        bucket = self._buckets.by_name.get(request.bucket)
        rule = bucket.rule_for(origin, request.method) if bucket and origin else None
        return rule.headers_for(origin) if rule else {}

    async def _answer(self, request: S3Request, scope: Scope, upload: Upload) -> Response:
        target = operation(request)
        refuse_unimplemented(request, target)
        key = self._authorize(request, target)
        refuse_size(request, target)
        if target.name == "CreateBucket":
            self._buckets.check_name(request.bucket)
        elif request.bucket:
            self._buckets.find(request.bucket, request.jurisdiction)
        body = await (upload.read() if target.name in _BUFFERED else upload.begin())
        _check_body(target, body)
        limited = target.name in _OBJECT_WRITES
        # A wrong signature is refused as such, however often the key was written.
        if limited and self._storage.rate.exceeded(request.bucket, request.key):
            limited = signature_is_right(request, scope, key.secret_access_key)
        with self._storage.rate.write(request.bucket, request.key) if limited else contextlib.nullcontext():
            upstream = await self._passage.forward(scope, body)
            await _raise_for(upstream, request.method)
        if target.name not in _KEPT_HERE:
            return relay(upstream)
        await upstream.aclose()
        return self._own_answer(target, request, body)

    def _authorize(self, request: S3Request, target: Operation) -> Key:
        """The key that the request claims to be signed with, refused what it may not; the signature is for SeaweedFS to verify."""
        claim = read_claim(request.headers, request.query)
        if claim.presigned and request.method not in {"GET", "HEAD", "PUT", "DELETE"}:
            raise R2Error(NOT_IMPLEMENTED, f"presigned {request.method} not implemented")
        key = self._storage.keys.get(claim.access_key_id)
        if key is None or not key.usable(request.client) or time.monotonic() < self._storage.keys_known_from:
            raise R2Error(UNAUTHORIZED)
        granted = key.grants.account if target.account else key.grants.objects(request.jurisdiction, request.bucket)
        if granted < target.needs:
            raise R2Error(ACCESS_DENIED)
        self._buckets.require_subscription()
        source = request.headers.get("x-amz-copy-source", "").removeprefix("/").partition("/")[0]
        if source and key.grants.objects(request.jurisdiction, source) < Access.READ:
            raise R2Error(ACCESS_DENIED)
        return key

    def _own_answer(self, target: Operation, request: S3Request, body: Body) -> Response:
        """What is kept here and not in SeaweedFS, which has verified the signature by now."""
        if target.name == "ListBuckets":
            return _xml(schema.buckets_xml(self._storage.account_id, self._buckets.of(request.jurisdiction)))
        if target.name == "CreateBucket" and isinstance(body, bytes):
            self._buckets.add(Bucket(request.bucket, request.jurisdiction, schema.location(body)))
            return Response(headers={"location": f"/{request.bucket}"})
        bucket = self._buckets.find(request.bucket, request.jurisdiction)
        if target.name == "GetBucketCors":
            return _xml(schema.cors_xml(bucket.cors()))
        if target.name == "GetBucketLocation":
            return _xml(schema.location_xml(bucket.location))
        if target.name == "PutBucketCors" and isinstance(body, bytes):
            bucket.rules = schema.cors_rules(body)
            return Response()
        if target.name == "DeleteBucketCors":
            bucket.rules = []
        elif target.name == "DeleteBucket":
            self._buckets.remove(bucket.name)
        return Response(status_code=204)


def _check_body(target: Operation, body: Body) -> None:
    """A malformed configuration is refused before SeaweedFS has taken it."""
    if isinstance(body, bytes):
        (schema.cors_rules if target.name == "PutBucketCors" else schema.location)(body)


async def _raise_for(upstream: httpx.Response, method: str) -> None:
    """Raise SeaweedFS's refusal as R2 words it; to HEAD it has no body, and so only its status to go by."""
    if not upstream.is_error:
        return
    body = (await upstream.aread()).decode("utf-8", "replace")
    if method == "HEAD":
        raise R2Error(Kind(0, "", upstream.status_code, ""))
    error = translate(upstream.status_code, body)
    # SeaweedFS has no CORS rules of its own: it has let the request pass, the rules are kept here.
    if error.kind.name != NO_SUCH_CORS.name:
        raise error


def _refusal(error: R2Error, method: str) -> Response:
    if method == "HEAD":
        return Response(status_code=error.kind.status, headers=error.headers)
    return Response(schema.error_xml(error), error.kind.status, error.headers, media_type="application/xml")


def _xml(body: bytes) -> Response:
    return Response(body, media_type="application/xml")
