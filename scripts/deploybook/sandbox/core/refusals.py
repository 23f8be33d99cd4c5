"""The one exception by which a provider's rules refuse a request. A provider's ``api.py`` writes it in that provider's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """A refused request: HTTP status, sentence, and the provider's own code for it (a word or a number; may be empty).

    ``details`` are further members of the error itself, ``beside`` of the object around it, ``headers`` of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | int = "",
        *,
        headers: Mapping[str, str] | None = None,
        beside: Mapping[str, Any] | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = dict(headers or {})
        self.beside = dict(beside or {})
        self.details = details


def not_implemented(feature: str) -> Refusal:
    """501: the vendor has ``feature`` and the sandbox does not. Never a plausible answer in its place."""
    return Refusal(501, f"not implemented in the sandbox: {feature}")
