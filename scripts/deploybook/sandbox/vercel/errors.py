"""The one error that every rule raises; ``responses.py`` writes it as Vercel does."""

from __future__ import annotations

from typing import Any


class VercelError(Exception):
    """A refusal: HTTP status, Vercel's code and sentence, further members of ``error`` and headers.

    Shape: https://vercel.com/docs/rest-api/errors.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        beside: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.beside = beside or {}
        self.headers = headers or {}

    def error(self) -> dict[str, Any]:
        """The ``error`` member of the answer."""
        return {"code": self.code, "message": self.message, **self.details}


def bad_request(message: str, **details: Any) -> VercelError:
    """400 with Vercel's general code."""
    return VercelError(400, "bad_request", message, **details)


def not_found(message: str) -> VercelError:
    """404, as for every absent resource."""
    return VercelError(404, "not_found", message)


def forbidden(message: str = "Not authorized", **details: Any) -> VercelError:
    """403, which Vercel also gives for a missing or wrong token."""
    return VercelError(403, "forbidden", message, **details)


def not_implemented(what: str) -> VercelError:
    """501: the sandbox doesn't do this, and says so instead of making something up."""
    return VercelError(501, "not_implemented", f"not implemented in the sandbox: {what}")
