"""S3's small XML documents about buckets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deploybook.sandbox.r2.errors import INVALID_ARGUMENT, R2Error
from deploybook.sandbox.r2.models import LOCATIONS, Bucket

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
    found = re.search(rb"<LocationConstraint>([^<]*)</LocationConstraint>", body)
    name = found.group(1).decode("latin-1").lower() if found else ""
    if name in {"", "auto", "us-east-1"}:
        return "enam"
    if name not in LOCATIONS:
        raise R2Error(INVALID_ARGUMENT, f"Invalid Argument: LocationConstraint {name}")
    return name


def _document(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
