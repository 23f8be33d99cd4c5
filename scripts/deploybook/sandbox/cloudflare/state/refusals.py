"""Cloudflare's refusals outside R2: a status, a numeric code, a sentence.

Each sentence is the vendor's own; where it was quoted in public is said beside it.
"""

from __future__ import annotations

from deploybook.sandbox.core.refusals import Refusal


def bad_header() -> Refusal:
    """The Authorization header is not ``Bearer <token>`` (kissgyorgy/cloudflare-dyndns#40)."""
    chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
    return Refusal(400, "Invalid request headers", 6003, error_chain=chain)


def no_header(*, verifying: bool) -> Refusal:
    """No credential at all (the first sentence: kissgyorgy/cloudflare-dyndns#40)."""
    if verifying:
        return Refusal(400, 'Missing "Authorization" header', 1001)
    return Refusal(400, "Missing X-Auth-Key, X-Auth-Email or Authorization headers", 9106)


def invalid_token() -> Refusal:
    """``…/tokens/verify`` does not know the token, or it has another kind of owner."""
    return Refusal(401, "Invalid API Token", 1000)


def unauthorized() -> Refusal:
    """The token may not (cloudflare/terraform-provider-cloudflare#5114)."""
    return Refusal(403, "Unauthorized to access requested resource", 9109)


def authentication() -> Refusal:
    """How product APIs, R2 among them, say the same (cloudflare/terraform-provider-cloudflare#1533)."""
    return Refusal(403, "Authentication error", 10000)


def no_account_tokens() -> Refusal:
    """GET /accounts with an account-owned token (edgefirst-dev/starter#3)."""
    return Refusal(400, "List accounts endpoint does not support account owned tokens.", 1001)


def no_route(path: str) -> Refusal:
    """An identifier in the path is malformed (cloudflare/workers-sdk#2100)."""
    return Refusal(404, f"Could not route to {path}, perhaps your object identifier is invalid?", 7003)


def invalid(message: str) -> Refusal:
    """A field of the body is missing, unknown or malformed."""
    return Refusal(400, message, 1001)


def no_token() -> Refusal:
    """There is no token of this id."""
    return Refusal(404, "Token not found", 1003)
