"""R2's XML: buckets, locations, CORS rules and refusals, read and written."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from deploybook.sandbox.r2.state.buckets import LOCATIONS, Bucket
from deploybook.sandbox.r2.state.cors import Rule
from deploybook.sandbox.r2.state.refusals import INVALID_ARGUMENT, MALFORMED_XML, R2Error

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def buckets_xml(owner: str, buckets: Iterable[Bucket]) -> bytes:
    """The answer of ListBuckets."""
    inner = "".join(
        f"<Bucket><CreationDate>{bucket.created:%Y-%m-%dT%H:%M:%S.000Z}</CreationDate><Name>{bucket.name}</Name></Bucket>"
        for bucket in buckets
    )
    owned = f"<Owner><ID>{owner}</ID><DisplayName>{owner}</DisplayName></Owner>"
    return _document(
        f'<ListAllMyBucketsResult xmlns="{_NAMESPACE}"><Buckets>{inner}</Buckets>{owned}</ListAllMyBucketsResult>'
    )


def location_xml(location: str) -> bytes:
    """The answer of GetBucketLocation."""
    return _document(f'<LocationConstraint xmlns="{_NAMESPACE}">{location.upper()}</LocationConstraint>')


def location(body: bytes) -> str:
    """The location that a CreateBucket body asks for; auto, us-east-1 and nothing leave it to R2."""
    match = re.search(rb"<LocationConstraint>([^<]*)</LocationConstraint>", body)
    name = match.group(1).decode("latin-1").lower() if match else ""
    if name in {"", "auto", "us-east-1"}:
        return "enam"
    if name not in LOCATIONS:
        raise R2Error(INVALID_ARGUMENT, f"Invalid Argument: LocationConstraint {name}")
    return name


def cors_rules(body: bytes) -> list[Rule]:
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


def cors_xml(rules: Sequence[Rule]) -> bytes:
    """Rules as S3's GetBucketCors answers them."""
    lines = []
    for rule in rules:
        fields = [("ID", rule.id)] if rule.id else []
        fields += [("AllowedOrigin", value) for value in rule.origins] + [
            ("AllowedMethod", value) for value in rule.methods
        ]
        fields += [("AllowedHeader", value) for value in rule.headers] + [
            ("ExposeHeader", value) for value in rule.expose
        ]
        fields += [("MaxAgeSeconds", str(rule.max_age))] if rule.max_age is not None else []
        lines.append(
            "<CORSRule>"
            + "".join(f"<{element}>{escape(value)}</{element}>" for element, value in fields)
            + "</CORSRule>"
        )
    return _document(f"<CORSConfiguration>{''.join(lines)}</CORSConfiguration>")


def _age(texts: list[str]) -> int | None:
    if texts and not texts[0].isdigit():
        raise R2Error(MALFORMED_XML)
    return int(texts[0]) if texts else None


def error_xml(error: R2Error) -> bytes:
    """The body of an S3 refusal (``r2/api/error-codes.mdx``, "How errors are returned")."""
    return _document(f"<Error><Code>{escape(error.kind.name)}</Code><Message>{escape(error.message)}</Message></Error>")


def _document(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
