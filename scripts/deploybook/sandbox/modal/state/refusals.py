"""Why the workspace refuses a call; the code is the name of the gRPC status, the number its equal in HTTP (``google.rpc.Code``)."""

from __future__ import annotations

from deploybook.sandbox.core.refusals import Refusal


def not_found(message: str) -> Refusal:
    """The named or numbered thing is not there."""
    return Refusal(404, message, "NOT_FOUND")


def already_exists(message: str) -> Refusal:
    """The name is taken."""
    return Refusal(409, message, "ALREADY_EXISTS")


def invalid_argument(message: str) -> Refusal:
    """The request itself is malformed."""
    return Refusal(400, message, "INVALID_ARGUMENT")


def failed_precondition(message: str) -> Refusal:
    """The thing is there, in a state that does not allow the call."""
    return Refusal(400, message, "FAILED_PRECONDITION")


def unauthenticated(message: str) -> Refusal:
    """No token, or not the operator's."""
    return Refusal(401, message, "UNAUTHENTICATED")


def spend_limit_reached(operation: str) -> Refusal:
    """The workspace has spent what its owner allows for a billing cycle (modal-labs/modal-client#3397)."""
    return Refusal(429, f"{operation} failed: workspace billing cycle spend limit reached", "RESOURCE_EXHAUSTED")


def unavailable(message: str) -> Refusal:
    """The call may succeed when it is sent again."""
    return Refusal(503, message, "UNAVAILABLE")
