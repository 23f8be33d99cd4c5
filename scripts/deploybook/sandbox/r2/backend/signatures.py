"""Whether a Signature Version 4 is right, for the one refusal that must not come before SeaweedFS's own verdict: the write rate.

A mistake here could at most let a write pass unthrottled, or call a wrong signature too frequent: SeaweedFS verifies every request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote

from starlette.types import Scope

from deploybook.sandbox.r2.routes.requests import S3Request


def signature_is_right(request: S3Request, scope: Scope, secret: str) -> bool:
    """Compare the signature in header or query with one computed over the request as it arrived."""
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


def sign(text: str, secret: str, scoped: str) -> str:
    """Sign a string with the key that ``secret`` gives for a scope such as ``20300131/auto/s3/aws4_request``."""
    key = f"AWS4{secret}".encode()
    for part in scoped.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _encoded(name: str, value: str) -> str:
    return f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
