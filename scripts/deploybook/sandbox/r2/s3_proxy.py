"""The S3 endpoint: a proxy that streams to SeaweedFS, refuses what R2 refuses, and answers CORS from the bucket's rules."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import httpx
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from deploybook.sandbox.r2 import cors, listing
from deploybook.sandbox.r2.errors import (
    ACCESS_DENIED,
    CORS_FORBIDDEN,
    INTERNAL_ERROR,
    INVALID_ARGUMENT,
    NO_SUCH_CORS,
    NOT_IMPLEMENTED,
    UNAUTHORIZED,
    Kind,
    R2Error,
    error_xml,
    translate,
)
from deploybook.sandbox.r2.models import Access, Bucket, Buckets, Key
from deploybook.sandbox.r2.proxying import Body, ClientGone, Passage, Upload, relay
from deploybook.sandbox.r2.refusals import WriteRate, refuse_size, refuse_unimplemented
from deploybook.sandbox.r2.requests import Operation, S3Request, operation, parse
from deploybook.sandbox.r2.signatures import read_claim
from deploybook.sandbox.r2.verification import signature_is_right

_OBJECT_WRITES = frozenset({"PutObject", "CompleteMultipartUpload"})
_BUFFERED = frozenset({"CreateBucket", "PutBucketCors"})
_KEPT_HERE = _BUFFERED | {"ListBuckets", "DeleteBucket", "GetBucketLocation", "GetBucketCors", "DeleteBucketCors"}


class S3Proxy:
    """An ASGI app before SeaweedFS."""

    def __init__(self, account_id: str, buckets: Buckets, keys: Mapping[str, Key], passage: Passage) -> None:
        self._account_id = account_id
        self._buckets = buckets
        self._keys = keys
        self._passage = passage
        self.rate = WriteRate()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers: dict[str, str] = {}
        upload = Upload(scope, receive)
        try:
            request = parse(scope, self._account_id)
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
        asked = tuple(name for name in names if name)
        bucket = self._buckets.by_name.get(request.bucket)
        rule = bucket.rule_for(origin, method, asked) if bucket else None
        if rule is None:
            raise R2Error(CORS_FORBIDDEN)
        return Response(status_code=204, headers=rule.preflight(origin, asked))

    def _cors_headers(self, request: S3Request) -> dict[str, str]:
        origin = request.headers.get("origin", "")
        bucket = self._buckets.by_name.get(request.bucket)
        rule = bucket.rule_for(origin, request.method) if bucket and origin else None
        return rule.answer(origin) if rule else {}

    async def _answer(self, request: S3Request, scope: Scope, upload: Upload) -> Response:
        wanted = operation(request)
        refuse_unimplemented(request, wanted)
        key = self._authorize(request, wanted)
        refuse_size(request, wanted)
        if wanted.name == "CreateBucket":
            self._buckets.check_name(request.bucket)
        elif request.bucket:
            self._buckets.find(request.bucket, request.jurisdiction)
        body = await (upload.read() if wanted.name in _BUFFERED else upload.begin())
        _check_body(wanted, body)
        limited = wanted.name in _OBJECT_WRITES
        # A wrong signature is refused as such, however often the key was written.
        if limited and self.rate.exceeded(request.bucket, request.key):
            limited = signature_is_right(request, scope, key.secret_access_key)
        with self.rate.write(request.bucket, request.key) if limited else contextlib.nullcontext():
            upstream = await self._passage.forward(scope, body)
            await _raise_for(upstream, request.method)
        if wanted.name not in _KEPT_HERE:
            return relay(upstream)
        await upstream.aclose()
        return self._own_answer(wanted, request, body)

    def _authorize(self, request: S3Request, wanted: Operation) -> Key:
        """The key that the request claims to be signed with, refused what it may not; the signature is for SeaweedFS to verify."""
        claim = read_claim(request.headers, request.query)
        if claim.presigned and request.method not in {"GET", "HEAD", "PUT", "DELETE"}:
            raise R2Error(NOT_IMPLEMENTED, f"presigned {request.method} not implemented")
        key = self._keys.get(claim.access_key_id)
        if key is None or not key.usable(request.client):
            raise R2Error(UNAUTHORIZED)
        has = key.grants.account if wanted.account else key.grants.objects(request.jurisdiction, request.bucket)
        if has < wanted.needs:
            raise R2Error(ACCESS_DENIED)
        self._buckets.require_subscription()
        source = request.headers.get("x-amz-copy-source", "").removeprefix("/").partition("/")[0]
        if source and key.grants.objects(request.jurisdiction, source) < Access.READ:
            raise R2Error(ACCESS_DENIED)
        return key

    def _own_answer(self, wanted: Operation, request: S3Request, body: Body) -> Response:
        """What is kept here and not in SeaweedFS, which has verified the signature by now."""
        if wanted.name == "ListBuckets":
            return _xml(listing.buckets_xml(self._account_id, self._buckets.of(request.jurisdiction)))
        if wanted.name == "CreateBucket" and isinstance(body, bytes):
            self._buckets.add(Bucket(request.bucket, request.jurisdiction, listing.location(body)))
            return Response(headers={"location": f"/{request.bucket}"})
        bucket = self._buckets.find(request.bucket, request.jurisdiction)
        if wanted.name == "GetBucketCors":
            return _xml(cors.as_xml(bucket.cors()))
        if wanted.name == "GetBucketLocation":
            return _xml(listing.location_xml(bucket.location))
        if wanted.name == "PutBucketCors" and isinstance(body, bytes):
            bucket.rules = cors.from_xml(body)
            return Response()
        if wanted.name == "DeleteBucketCors":
            bucket.rules = []
        elif wanted.name == "DeleteBucket":
            self._buckets.remove(bucket.name)
        return Response(status_code=204)


def _check_body(wanted: Operation, body: Body) -> None:
    """A malformed configuration is refused before SeaweedFS has taken it."""
    if isinstance(body, bytes):
        (cors.from_xml if wanted.name == "PutBucketCors" else listing.location)(body)


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
    return Response(error_xml(error), error.kind.status, error.headers, media_type="application/xml")


def _xml(body: bytes) -> Response:
    return Response(body, media_type="application/xml")
