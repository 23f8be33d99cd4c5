"""CORS rules of a bucket: S3's spelling (REST's is in ``cloudflare/schema.py``), and the headers that follow from them."""

from __future__ import annotations

import fnmatch
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from deploybook.sandbox.r2.errors import INVALID_ARGUMENT, MALFORMED_JSON, MALFORMED_XML, R2Error

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
            and all(any(fnmatch.fnmatchcase(name.lower(), p) for p in patterns) for name in headers)
        )

    def answer(self, origin: str) -> dict[str, str]:
        """The headers that a matching request's answer carries."""
        headers = {"access-control-allow-origin": "*" if "*" in self.origins else origin, "vary": "Origin"}
        if self.expose:
            headers["access-control-expose-headers"] = ", ".join(self.expose)
        return headers

    def preflight(self, origin: str, asked: Sequence[str]) -> dict[str, str]:
        """The headers that answer a matching preflight."""
        headers = self.answer(origin) | {
            "access-control-allow-methods": ", ".join(self.methods),
            "vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
        }
        if asked:
            headers["access-control-allow-headers"] = ", ".join(asked)
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


def from_xml(body: bytes) -> list[Rule]:
    """Rules from the body of S3's PutBucketCors."""
    # The sandbox parses what its own operator sent it, on loopback; entities are refused all the same.
    if b"<!" in body:
        raise R2Error(MALFORMED_XML)
    try:
        root = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError:
        raise R2Error(MALFORMED_XML) from None
    rules = []
    for element in root:
        values: dict[str, list[str]] = {}
        for child in element:
            values.setdefault(child.tag.rpartition("}")[2], []).append((child.text or "").strip())
        rules.append(
            Rule(
                origins=tuple(values.get("AllowedOrigin", ())),
                methods=tuple(values.get("AllowedMethod", ())),
                headers=tuple(values.get("AllowedHeader", ())),
                expose=tuple(values.get("ExposeHeader", ())),
                max_age=_age(values.get("MaxAgeSeconds", [])),
                id=values.get("ID", [""])[0],
            ).checked()
        )
    return rules


def as_xml(rules: Sequence[Rule]) -> bytes:
    """Rules as S3's GetBucketCors answers them."""
    lines = []
    for rule in rules:
        fields = [("ID", rule.id)] if rule.id else []
        fields += [("AllowedOrigin", v) for v in rule.origins] + [("AllowedMethod", v) for v in rule.methods]
        fields += [("AllowedHeader", v) for v in rule.headers] + [("ExposeHeader", v) for v in rule.expose]
        fields += [("MaxAgeSeconds", str(rule.max_age))] if rule.max_age is not None else []
        lines.append("<CORSRule>" + "".join(f"<{k}>{escape(v)}</{k}>" for k, v in fields) + "</CORSRule>")
    inner = "".join(lines)
    return f'<?xml version="1.0" encoding="UTF-8"?><CORSConfiguration>{inner}</CORSConfiguration>'.encode()


def _age(texts: list[str]) -> int | None:
    if texts and not texts[0].isdigit():
        raise R2Error(MALFORMED_XML)
    return int(texts[0]) if texts else None
