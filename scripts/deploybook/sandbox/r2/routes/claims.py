"""What a request says about its signature. SeaweedFS verifies the signature; R2 refuses some claims before that."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from starlette.types import Scope

from deploybook.sandbox.r2.backend.signatures import sign
from deploybook.sandbox.r2.routes.requests import S3Request
from deploybook.sandbox.r2.state.refusals import (
    INVALID_ARGUMENT,
    INVALID_REGION,
    NOT_IMPLEMENTED,
    UNAUTHORIZED,
    R2Error,
)

# ``r2/api/s3/api.mdx``: auto, and for tools that cannot say it, us-east-1 or nothing. The location hints are in R2's own
# sentence of refusal, quoted in public issues (jeessy2/backup-x#127).
_HINTS = ("wnam", "enam", "weur", "eeur", "apac", "oc", "auto")
REGIONS = (*_HINTS, "us-east-1", "")
LONGEST = 604800

_HEADER = re.compile(r"Credential=(?P<key>[^/,\s]*)/\d{8}/(?P<region>[^/,]*)/s3/aws4_request")
_QUERY = re.compile(r"(?P<key>[^/]*)/\d{8}/(?P<region>[^/]*)/s3/aws4_request")


@dataclass(frozen=True)
class Claim:
    """Whose signature a request claims to bear, not yet verified."""

    access_key_id: str
    presigned: bool


def read_claim(headers: Mapping[str, str], query: Mapping[str, str]) -> Claim:
    """The claim of a request by header or by query; refuses Signature Version 2, other regions and too long a life."""
    authorization = headers.get("authorization", "")
    if authorization.startswith("AWS ") or ("AWSAccessKeyId" in query and "Signature" in query):
        raise R2Error(UNAUTHORIZED, "SigV2 authorization is not supported. Please use SigV4 instead.")
    presigned = "X-Amz-Algorithm" in query
    if presigned:
        match = _QUERY.fullmatch(query.get("X-Amz-Credential", ""))
        _check_life(query.get("X-Amz-Expires", ""))
    elif authorization.startswith("AWS4-HMAC-SHA256"):
        match = _HEADER.search(authorization)
    else:
        raise R2Error(INVALID_ARGUMENT, "Authorization")
    if not match:
        raise R2Error(INVALID_ARGUMENT, "Invalid Argument: Credential")
    if "x-amz-security-token" in headers or "X-Amz-Security-Token" in query:
        raise R2Error(NOT_IMPLEMENTED, "not implemented in the sandbox: temporary credentials")
    key, region = match["key"], match["region"]
    if len(key) != 32:
        message = f"Invalid Argument: Credential access key has length {len(key)}, should be 32"
        raise R2Error(INVALID_ARGUMENT, message)
    if region not in REGIONS:
        message = f"The region name '{region}' is not valid. Must be one of: {', '.join(_HINTS)}"
        raise R2Error(INVALID_REGION, message)
    return Claim(key, presigned)


def _check_life(text: str) -> None:
    """One second to seven days (``r2/api/s3/presigned-urls.mdx``); the sentence is from cloudreve/cloudreve#2176."""
    seconds = int(text) if re.fullmatch(r"\d{1,12}", text) else 0
    if seconds < 1:
        raise R2Error(INVALID_ARGUMENT, "X-Amz-Expires should be a number of seconds, at least 1")
    if seconds > LONGEST:
        raise R2Error(
            INVALID_ARGUMENT,
            "X-Amz-Expires must be less than a week (in seconds); "
            "that is, the given X-Amz-Expires must be less than 604800 seconds",
        )


def signature_is_right(request: S3Request, scope: Scope, secret: str) -> bool:
    """Compare the signature in header or query with one computed over the request as it arrived.

    For the one refusal that must not come before SeaweedFS's own verdict: the write rate. A mistake here could at most let a write pass
    unthrottled, or call a wrong signature too frequent, for SeaweedFS verifies every request.
    """
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if "X-Amz-Signature" in request.query:
        parts = {name.removeprefix("X-Amz-"): value for name, value in query}
        stamp, hashed = parts.get("Date", ""), request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    else:
        parts = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^,\s]+)", request.headers["authorization"]))
        stamp, hashed = request.headers.get("x-amz-date", ""), request.headers.get("x-amz-content-sha256", "")
    scoped = parts.get("Credential", "").partition("/")[2]
    names = parts.get("SignedHeaders", "").split(";")
    canonical = "\n".join(
        [
            request.method,
            scope["raw_path"].decode("latin-1"),
            "&".join(sorted(_encoded(name, value) for name, value in query if name != "X-Amz-Signature")),
            *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in names),
            "",
            ";".join(names),
            hashed,
        ]
    )
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scoped}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.compare_digest(sign(text, secret, scoped), parts.get("Signature", ""))


def _encoded(name: str, value: str) -> str:
    return f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
