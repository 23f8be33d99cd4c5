"""Why Turso refuses: the statuses of ``response-codes.mdx``, 400 from the descriptions of single operations."""

from __future__ import annotations

from deploybook.sandbox.core.refusals import Refusal


def invalid(message: str) -> Refusal:
    """The request makes no sense."""
    return Refusal(400, message)


def unauthorized(message: str) -> Refusal:
    """No platform token, or one that is not (or no longer) valid."""
    return Refusal(401, message)


def payment_required(message: str) -> Refusal:
    """The plan does not include it."""
    return Refusal(402, message)


def forbidden(message: str) -> Refusal:
    """The token is valid and may not do this."""
    return Refusal(403, message)


def not_found(message: str) -> Refusal:
    """There is no such thing."""
    return Refusal(404, message)


def conflict(message: str) -> Refusal:
    """The name is taken."""
    return Refusal(409, message)
