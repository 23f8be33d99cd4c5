"""SeaweedFS's refusals in R2's words."""

from __future__ import annotations

import re

from deploybook.sandbox.r2.state.refusals import (
    ACCESS_DENIED,
    BAD_SIGNATURE,
    BUCKET_NOT_EMPTY,
    BUCKET_OWNED,
    EXPIRED,
    INVALID_BUCKET_NAME,
    MALFORMED_XML,
    NO_SUCH_BUCKET,
    NO_SUCH_CORS,
    NO_SUCH_KEY,
    NOT_IMPLEMENTED,
    TOO_LARGE,
    UNAUTHORIZED,
    Kind,
    R2Error,
)

# What SeaweedFS calls otherwise than R2.
_TRANSLATED = {
    "InvalidAccessKeyId": UNAUTHORIZED,
    "AccessDenied": ACCESS_DENIED,
    "SignatureDoesNotMatch": BAD_SIGNATURE,
    "ExpiredToken": EXPIRED,
    "BucketAlreadyExists": BUCKET_OWNED,
    "BucketAlreadyOwnedByYou": BUCKET_OWNED,
    "BucketNotEmpty": BUCKET_NOT_EMPTY,
    "NoSuchBucket": NO_SUCH_BUCKET,
    "NoSuchKey": NO_SUCH_KEY,
    "NoSuchCORSConfiguration": NO_SUCH_CORS,
    "InvalidBucketName": INVALID_BUCKET_NAME,
    "MalformedXML": MALFORMED_XML,
    "EntityTooLarge": TOO_LARGE,
    "NotImplemented": NOT_IMPLEMENTED,
}


def translate(status: int, body: str) -> R2Error:
    """SeaweedFS's error as R2 would word it."""
    code, message = (_element(body, name) for name in ("Code", "Message"))
    if code == "AccessDenied" and "expired" in message:
        return R2Error(EXPIRED)
    translated = _TRANSLATED.get(code)
    if translated:
        return R2Error(translated)
    return R2Error(
        Kind(0, code or "InternalError", status if code else 500, message or "We encountered an internal error.")
    )


def _element(body: str, name: str) -> str:
    match = re.search(rf"<{name}>([^<]*)</{name}>", body)
    return match.group(1) if match else ""
