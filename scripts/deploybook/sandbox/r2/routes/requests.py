"""An S3 request as far as the proxy must understand it: its bucket, its operation, and the right that the operation needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from starlette.types import Scope

from deploybook.sandbox.r2.state.buckets import JURISDICTIONS, Access
from deploybook.sandbox.r2.state.refusals import INVALID_ARGUMENT, NOT_IMPLEMENTED, UNAUTHORIZED, R2Error

DOMAIN = "r2.cloudflarestorage.com"
# ``<account>``, ``<account>.<jurisdiction>``, both optionally after ``<bucket>.``
_HOST = re.compile(
    rf"(?:(?P<bucket>[a-z0-9-]+)\.)?(?P<account>[0-9a-f]{{32}})(?:\.(?P<jurisdiction>[a-z-]+))?\.{re.escape(DOMAIN)}"
)
_LOOPBACK = ("127.0.0.1", "localhost")

# Queries that select an operation. The rest of S3's is not implemented by R2 (``r2/api/s3/api.mdx``).
_UNKNOWN_TO_R2 = frozenset(
    {
        "accelerate",
        "acl",
        "analytics",
        "attributes",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "logging",
        "metrics",
    }
    | {
        "notification",
        "object-lock",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "renameObject",
    }
    | {"replication", "requestPayment", "restore", "retention", "select", "session", "tagging", "torrent", "versioning"}
    | {"versions", "website"}
)
_UNKNOWN_HERE = frozenset({"encryption", "lifecycle"})


@dataclass(frozen=True)
class Operation:
    """An operation and the right it needs: ``account`` to buckets as such, else to the objects of the bucket."""

    name: str
    needs: Access
    account: bool = False


@dataclass(frozen=True)
class S3Request:
    """A parsed request; header names are lower-case."""

    method: str
    host: str
    jurisdiction: str
    bucket: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]
    client: str


def parse(scope: Scope, account_id: str) -> S3Request:
    """Parse an ASGI scope; a host of another account is refused."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get("host", "")
    name = re.sub(r":\d+$", "", host)
    bucket, jurisdiction = _place(name, account_id)
    path = unquote(scope["raw_path"].decode("latin-1")).removeprefix("/")
    if not bucket:
        bucket, _, path = path.partition("/")
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    client = scope["client"][0] if scope.get("client") else ""
    return S3Request(scope["method"], host, jurisdiction, bucket, path, query, headers, client)


def _place(host: str, account_id: str) -> tuple[str, str]:
    if host in _LOOPBACK:
        return "", "default"
    match = _HOST.fullmatch(host)
    jurisdiction = (match and match["jurisdiction"]) or "default"
    if not match or jurisdiction not in JURISDICTIONS:
        raise R2Error(INVALID_ARGUMENT, "Invalid Argument: Host")
    if match["account"] != account_id:
        raise R2Error(UNAUTHORIZED)
    return match["bucket"] or "", jurisdiction


def operation(request: S3Request) -> Operation:
    """What the request asks for; what R2 or this sandbox lacks is refused by name."""
    if unknown := sorted(_UNKNOWN_TO_R2 & request.query.keys()):
        raise R2Error(NOT_IMPLEMENTED, f"{request.method} with ?{unknown[0]} not implemented")
    if unknown := sorted(_UNKNOWN_HERE & request.query.keys()):
        raise R2Error(
            NOT_IMPLEMENTED, f"not implemented in the sandbox: {request.method} ?{unknown[0]}; use the REST API"
        )
    table = _OBJECT if request.key else _BUCKET if request.bucket else _ACCOUNT
    for method, selector, named in table:
        if request.method == method and (not selector or selector in request.query):
            return named
    raise R2Error(NOT_IMPLEMENTED, f"{request.method} not implemented here")


_READ, _WRITE = Access.READ, Access.WRITE
_ACCOUNT = [("GET", "", Operation("ListBuckets", _READ, account=True))]
_BUCKET = [
    ("GET", "cors", Operation("GetBucketCors", _READ, account=True)),
    ("PUT", "cors", Operation("PutBucketCors", _WRITE, account=True)),
    ("DELETE", "cors", Operation("DeleteBucketCors", _WRITE, account=True)),
    ("GET", "location", Operation("GetBucketLocation", _READ)),
    ("GET", "uploads", Operation("ListMultipartUploads", _READ)),
    ("GET", "", Operation("ListObjects", _READ)),
    ("HEAD", "", Operation("HeadBucket", _READ)),
    ("PUT", "", Operation("CreateBucket", _WRITE, account=True)),
    ("DELETE", "", Operation("DeleteBucket", _WRITE, account=True)),
    ("POST", "delete", Operation("DeleteObjects", _WRITE)),
]
_OBJECT = [
    ("GET", "uploadId", Operation("ListParts", _READ)),
    ("GET", "", Operation("GetObject", _READ)),
    ("HEAD", "", Operation("HeadObject", _READ)),
    ("PUT", "uploadId", Operation("UploadPart", _WRITE)),
    ("PUT", "", Operation("PutObject", _WRITE)),
    ("DELETE", "uploadId", Operation("AbortMultipartUpload", _WRITE)),
    ("DELETE", "", Operation("DeleteObject", _WRITE)),
    ("POST", "uploads", Operation("CreateMultipartUpload", _WRITE)),
    ("POST", "uploadId", Operation("CompleteMultipartUpload", _WRITE)),
]
