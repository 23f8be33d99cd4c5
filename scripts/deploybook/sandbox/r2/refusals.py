"""What R2 does not take and SeaweedFS would: headers, encodings, sizes, rates."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from deploybook.sandbox.r2.errors import MISSING_LENGTH, NOT_IMPLEMENTED, TOO_LARGE, TOO_MANY_REQUESTS, R2Error
from deploybook.sandbox.r2.requests import Operation, S3Request

_LARGEST = 5 * 1024**3
_REMEMBERED = 10_000
# ``r2/api/s3/api.mdx``, the crossed-out headers of the implemented operations.
_HEADERS = (
    "x-amz-acl",
    "x-amz-bypass-governance-retention",
    "x-amz-expected-bucket-owner",
    "x-amz-grant-",
    "x-amz-mfa",
    "x-amz-object-lock-",
    "x-amz-request-payer",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-context",
    "x-amz-source-expected-bucket-owner",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
)
_CHECKSUM = ("x-amz-sdk-checksum-algorithm", "x-amz-checksum-algorithm")


def refuse_unimplemented(request: S3Request, operation: Operation) -> None:
    """Refuse with 501 what R2 answers 501: streamed signatures and trailers, ACLs, tags, checksums of configurations."""
    headers = request.headers
    hashed = headers.get("x-amz-content-sha256", "")
    if hashed.startswith("STREAMING-"):
        raise R2Error(NOT_IMPLEMENTED, f"{hashed} not implemented")
    if "aws-chunked" in headers.get("content-encoding", ""):
        raise R2Error(NOT_IMPLEMENTED, "Header 'content-encoding' with value 'aws-chunked' not implemented")
    unknown = [name for name in headers if name.startswith(_HEADERS) or name in _exact(operation)]
    if unknown:
        raise R2Error(NOT_IMPLEMENTED, f"Header '{unknown[0]}' with value '{headers[unknown[0]]}' not implemented")


def _exact(operation: Operation) -> tuple[str, ...]:
    always = ("x-amz-trailer", "x-amz-server-side-encryption")
    if operation.name == "PutBucketCors":
        return (*always, *_CHECKSUM)
    return always


def refuse_size(request: S3Request, operation: Operation) -> None:
    """An upload states its length, and it is at most 5 GiB."""
    if operation.name not in {"PutObject", "UploadPart"} or "x-amz-copy-source" in request.headers:
        return
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise R2Error(MISSING_LENGTH)
    if int(length) > _LARGEST:
        raise R2Error(TOO_LARGE)


@dataclass
class WriteRate:
    """One write a second to the same key, and one at a time (``r2/api/error-codes.mdx``, 10058)."""

    clock: Callable[[], float] = time.monotonic
    _last: dict[tuple[str, str], float] = field(default_factory=dict)
    _under_way: set[tuple[str, str]] = field(default_factory=set)

    def exceeded(self, bucket: str, key: str) -> bool:
        """Whether a write is under way, or was done within the last second."""
        place = (bucket, key)
        return place in self._under_way or self.clock() - self._last.get(place, -1.0) < 1

    @contextlib.contextmanager
    def write(self, bucket: str, key: str) -> Iterator[None]:
        """Around a write: refuses it if the rate is exceeded; one that fails does not count."""
        place = (bucket, key)
        if self.exceeded(bucket, key):
            raise R2Error(TOO_MANY_REQUESTS, headers={"retry-after": "1"})
        self._under_way.add(place)
        try:
            yield
            self._last[place] = self.clock()
        finally:
            self._under_way.discard(place)
        if len(self._last) > _REMEMBERED:
            self._last = {known: at for known, at in self._last.items() if self.clock() - at < 1}

    def clear(self) -> None:
        """Forget all writes."""
        self._last.clear()
