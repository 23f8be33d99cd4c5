"""What R2 does not take and SeaweedFS would: headers, encodings, sizes."""

from __future__ import annotations

from deploybook.sandbox.r2.routes.requests import Operation, S3Request
from deploybook.sandbox.r2.state.refusals import MISSING_LENGTH, NOT_IMPLEMENTED, TOO_LARGE, R2Error

_LARGEST = 5 * 1024**3
# ``r2/api/s3/api.mdx``, the crossed-out headers of the implemented operations. ``x-amz-acl`` is one of them, and R2 has taken it since 2022
# without acting on it (FOSSBilling/FOSSBilling#4256): rclone sends it with every upload.
_HEADERS = (
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
