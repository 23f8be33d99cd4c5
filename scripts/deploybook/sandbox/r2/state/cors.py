"""CORS rules of a bucket and the headers that follow from them. S3 spells them in ``r2/schema.py``, REST in ``cloudflare/schema.py``."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deploybook.sandbox.r2.state.refusals import INVALID_ARGUMENT, MALFORMED_JSON, R2Error

METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")
# ``r2/buckets/cors.mdx``: scheme://host[:port], no path, not even a slash.
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")


@dataclass(frozen=True)
class Rule:
    """One rule. The first of a bucket's rules that matches a request decides."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...] = ()
    expose: tuple[str, ...] = ()
    max_age: int | None = None
    id: str = ""

    def matches(self, origin: str, method: str, headers: Iterable[str] = ()) -> bool:
        """Whether this rule lets ``origin`` send ``method`` with the non-simple ``headers`` (compared without case)."""
        patterns = [pattern.lower() for pattern in self.headers]
        return (
            ("*" in self.origins or origin in self.origins)
            and method in self.methods
            and all(any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in patterns) for name in headers)
        )

    def headers_for(self, origin: str) -> dict[str, str]:
        """The headers that a matching request's answer carries."""
        headers = {"access-control-allow-origin": "*" if "*" in self.origins else origin, "vary": "Origin"}
        if self.expose:
            headers["access-control-expose-headers"] = ", ".join(self.expose)
        return headers

    def preflight(self, origin: str, requested: Sequence[str]) -> dict[str, str]:
        """The headers that answer a matching preflight."""
        headers = self.headers_for(origin) | {
            "access-control-allow-methods": ", ".join(self.methods),
            "vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
        }
        if requested:
            headers["access-control-allow-headers"] = ", ".join(requested)
        if self.max_age is not None:
            headers["access-control-max-age"] = str(self.max_age)
        return headers

    def checked(self) -> Rule:
        """The rule itself, refused where R2 would not take it."""
        if not self.origins or not self.methods:
            raise R2Error(MALFORMED_JSON)
        if unknown := [method for method in self.methods if method not in METHODS]:
            raise R2Error(
                INVALID_ARGUMENT, f"Found unsupported HTTP method in CORS config. Unsupported method is {unknown[0]}"
            )
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise R2Error(INVALID_ARGUMENT, f"AllowedOrigin {origin!r} is not scheme://host[:port]")
        return self
