"""What the modal SDK raises, as our errors: by Modal's own exception, which it derives from the gRPC status."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

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
    Conflict: "Look in Modal's dashboard who made it, then run this again.",
    RateLimited: "Wait a minute, then run this again; what is done is kept.",
    Unreachable: "Check the network and that MODAL_SERVER_URL is unset or right, then run this again.",
    UnexpectedResponse: "Run this again; if it stays, compare Modal's status page.",
}


@contextlib.contextmanager
def modal_errors(operation: str, server_url: str, seconds: float) -> Iterator[None]:
    """Turn what the SDK raises into the ServiceError that fits; ``operation`` is the end of *could not …*."""
    import modal
    from grpclib.exceptions import ProtocolError, StreamTerminatedError

    try:
        yield
    except TimeoutError:
        reason = f"{server_url} gave no answer within {seconds:g} seconds"
        raise _refusal(Unreachable, operation, reason) from None
    except (ProtocolError, StreamTerminatedError):
        # Something answers at that address, but not Modal's protocol; or the connection broke under a call.
        raise _refusal(Unreachable, operation, f"the connection to {server_url} broke") from None
    except (modal.exception.Error, OSError) as error:
        raise _refusal(_kind(error), operation, str(error).strip().rstrip(".") or type(error).__name__) from None


def _kind(error: Exception) -> type[ServiceError]:
    from modal import exception

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
