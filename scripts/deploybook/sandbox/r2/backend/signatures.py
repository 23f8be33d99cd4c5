"""The arithmetic of Signature Version 4 (Amazon S3 API reference, "Authenticating Requests")."""

from __future__ import annotations

import hmac


def sign(text: str, secret: str, scoped: str) -> str:
    """Sign a string with the key that ``secret`` gives for a scope such as ``20300131/auto/s3/aws4_request``."""
    key = f"AWS4{secret}".encode()
    for part in scoped.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()
