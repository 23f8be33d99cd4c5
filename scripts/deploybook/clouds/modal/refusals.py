"""What the modal SDK raises, as our errors: by Modal's own exception, which it derives from the gRPC status."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from typing import Any

from deploybook.errors import (
    Conflict,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    Unauthorized,
    UnexpectedResponse,
    Unreachable,
)

_HINTS: dict[type[ServiceError], str] = {
    Unauthorized: "Make a new token and export MODAL_TOKEN_ID and MODAL_TOKEN_SECRET; the prerequisites say where.",
    PermissionDenied: "Use a token whose user may deploy in this workspace and environment.",
    NotFound: "Check the name, and that the token belongs to the workspace that owns it.",
    Conflict: "Check in Modal's dashboard who created it, then run this again.",
    RateLimited: "Wait a minute, then run this again; what is done is kept.",
    Unreachable: "Check the network and that MODAL_SERVER_URL is unset or right, then run this again.",
    UnexpectedResponse: "Run this again; if it persists, check Modal's status page.",
}


SPEND_LIMIT = "spend limit reached"
SPEND_LIMIT_HINT = (
    "Raise the workspace's limit in Modal's dashboard (Usage and Billing), or wait for the next billing cycle."
)
# The SDK, and what it decodes answers with.
SDK_PACKAGES = frozenset({"modal", "modal_proto", "grpclib", "google", "synchronicity"})


@contextlib.contextmanager
def modal_errors(operation: str, server_url: str, seconds: float) -> Iterator[None]:
    """Turn what the SDK raises into the ServiceError that fits; ``operation`` is the end of *could not …*."""
    import modal
    from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError

    try:
        yield
    except TimeoutError:
        reason = f"{server_url} gave no answer within {seconds:g} seconds"
        raise _refusal(Unreachable, operation, reason) from None
    except (ProtocolError, StreamTerminatedError):
        # Something answers at that address, but not Modal's protocol; or the connection broke under a call.
        raise _refusal(Unreachable, operation, f"the connection to {server_url} broke") from None
    except (modal.exception.Error, GRPCError, OSError) as error:
        raise _refused(error, operation) from None
    except Exception as error:
        if not _is_from_sdk(error):
            raise
        reason = f"its answer is not what the SDK of version {modal.__version__} expects ({type(error).__name__})"
        raise _refusal(UnexpectedResponse, operation, reason) from None


def _refused(error: Any, operation: str) -> ServiceError:
    """The error for a refusal. The SDK lets some through as plain gRPC errors (modal-labs/modal-client#3397)."""
    # The SDK's own exceptions warn of whoever reads them as gRPC's.
    plain = type(error).__module__.startswith("grpclib")
    reason = str(error.message if plain else error).strip().rstrip(".") or type(error).__name__
    # RESOURCE_EXHAUSTED is Modal's word for a limit on calls, which passes, and for one on spending, which does not.
    if SPEND_LIMIT in reason.lower():
        text = f"Modal could not {operation}: {reason}."
        return PermissionDenied("Modal", operation, text, SPEND_LIMIT_HINT, "modal-spend-limit")
    return _refusal(_kind(error), operation, reason)


def _is_from_sdk(error: Exception) -> bool:
    """Whether it was raised in the SDK, or in what that stands on: then it is about an answer, and no bug of ours."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    raised_in = {*modules[-1:], type(error).__module__}
    return any(module.partition(".")[0] in SDK_PACKAGES for module in raised_in)


def _kind(error: Any) -> type[ServiceError]:
    from grpclib import Status
    from modal import exception

    if type(error).__module__.startswith("grpclib"):
        return {
            Status.UNAUTHENTICATED: Unauthorized,
            Status.PERMISSION_DENIED: PermissionDenied,
            Status.NOT_FOUND: NotFound,
            Status.ALREADY_EXISTS: Conflict,
            Status.RESOURCE_EXHAUSTED: RateLimited,
            Status.UNAVAILABLE: Unreachable,
        }.get(error.status, UnexpectedResponse)
    table: list[tuple[type[Exception], type[ServiceError]]] = [
        (exception.AuthError, Unauthorized),
        (exception.PermissionDeniedError, PermissionDenied),
        (exception.NotFoundError, NotFound),
        (exception.AlreadyExistsError, Conflict),
        (exception.ConflictError, Conflict),
        (exception.ResourceExhaustedError, RateLimited),
        (exception.ServiceError, Unreachable),
        (exception.ConnectionError, Unreachable),
        (OSError, Unreachable),
    ]
    return next((ours for theirs, ours in table if isinstance(error, theirs)), UnexpectedResponse)


def _refusal(kind: type[ServiceError], operation: str, reason: str) -> ServiceError:
    return kind("Modal", operation, f"Modal could not {operation}: {reason}.", _HINTS[kind])
