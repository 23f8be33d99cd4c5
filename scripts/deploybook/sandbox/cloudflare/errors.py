"""Cloudflare's refusals outside R2: a status, a numeric code, a sentence.

Each sentence is the vendor's own; where it was quoted in public is said beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ApiError(Exception):
    """A refusal in the envelope ``{success: false, errors: [{code, message}], messages: [], result: null}``."""

    status: int
    code: int
    message: str
    chain: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """One item of ``errors``."""
        item: dict[str, Any] = {"code": self.code, "message": self.message}
        return item | {"error_chain": self.chain} if self.chain else item


def bad_header() -> ApiError:
    """The Authorization header is not ``Bearer <token>`` (kissgyorgy/cloudflare-dyndns#40)."""
    chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
    return ApiError(400, 6003, "Invalid request headers", chain)


def no_header(*, verifying: bool) -> ApiError:
    """No credential at all (the first sentence: kissgyorgy/cloudflare-dyndns#40)."""
    if verifying:
        return ApiError(400, 1001, 'Missing "Authorization" header')
    return ApiError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")


def invalid_token() -> ApiError:
    """``…/tokens/verify`` does not know the token, or it has another kind of owner."""
    return ApiError(401, 1000, "Invalid API Token")


def unauthorized() -> ApiError:
    """The token may not (cloudflare/terraform-provider-cloudflare#5114)."""
    return ApiError(403, 9109, "Unauthorized to access requested resource")


def authentication() -> ApiError:
    """How product APIs, R2 among them, say the same (cloudflare/terraform-provider-cloudflare#1533)."""
    return ApiError(403, 10000, "Authentication error")


def no_account_tokens() -> ApiError:
    """GET /accounts with an account-owned token (edgefirst-dev/starter#3)."""
    return ApiError(400, 1001, "List accounts endpoint does not support account owned tokens.")


def no_route(path: str) -> ApiError:
    """An identifier in the path is malformed (cloudflare/workers-sdk#2100)."""
    return ApiError(404, 7003, f"Could not route to {path}, perhaps your object identifier is invalid?")


def invalid(message: str) -> ApiError:
    """A field of the body is missing, unknown or malformed."""
    return ApiError(400, 1001, message)


def no_token() -> ApiError:
    """There is no token of this id."""
    return ApiError(404, 1003, "Token not found")


def not_implemented(method: str, path: str) -> ApiError:
    """Not the vendor's: this sandbox lacks the operation."""
    return ApiError(501, 7000, f"not implemented in the sandbox: {method} {path}")
