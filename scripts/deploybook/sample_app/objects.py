"""Where the application keeps files: R2 by presigned requests, or the local disk where R2 is not turned on.

botocore only computes signatures here (AWS Signature Version 4 in the query, as R2 documents for presigned URLs); the requests
themselves are httpx's, so that nothing blocks the event loop.
"""

from __future__ import annotations

import re
from typing import Protocol
from urllib.parse import quote

import httpx
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from deploybook.sample_app.network import R2_DOMAIN, reason
from deploybook.sample_app.problems import NotConfigured, StorageFailed, Variables, require

R2_VARIABLES = ("R2_ACCOUNT_ID", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_BUCKET_NAME")
LARGEST = 500 * 1024 * 1024
UPLOAD_SECONDS = 900
DOWNLOAD_SECONDS = 3600
# The longest life that R2 allows.
WEEK_SECONDS = 604800
CHECKSUM_CHOICE = "AWS_REQUEST_CHECKSUM_CALCULATION"
# What the AWS SDK for JavaScript (from 3.729) signs into the URL of a PUT whose body it does not see: the CRC-32 of no bytes at all.
EMPTY_BODY = {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-sdk-checksum-algorithm": "CRC32"}


class Storage(Protocol):
    """Files by key."""

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        """Write a file."""

    async def get(self, key: str) -> bytes:
        """Read a file."""

    async def delete(self, key: str) -> None:
        """Remove a file; one that is not there is no error."""

    def upload_url(self, key: str, content_type: str) -> str:
        """Where a browser may PUT this one file, with this content type."""

    def download_url(self, key: str, seconds: int) -> str:
        """Where anyone may GET this one file for some time."""


class R2:
    """A bucket, reached with the four variables alone. The first request to R2 is the first file."""

    def __init__(self, variables: Variables, client: httpx.AsyncClient) -> None:
        account, key_id, secret, self._bucket = require(variables, "Storage", *R2_VARIABLES)
        self._endpoint = f"https://{account}{R2_DOMAIN}"
        self._credentials = Credentials(key_id, secret)
        self._client = client
        self._checksums = _calculates_checksums(variables)

    async def put(self, key: str, content: bytes, content_type: str) -> None:
        """PutObject."""
        url = self._sign("PUT", key, UPLOAD_SECONDS, {"Content-Type": content_type})
        await self._send("PUT", key, url, content=content, headers={"Content-Type": content_type})

    async def get(self, key: str) -> bytes:
        """GetObject."""
        return (await self._send("GET", key, self.download_url(key, DOWNLOAD_SECONDS))).content

    async def delete(self, key: str) -> None:
        """DeleteObject."""
        await self._send("DELETE", key, self._sign("DELETE", key, UPLOAD_SECONDS))

    def upload_url(self, key: str, content_type: str) -> str:
        """A presigned PUT; the content type is signed, so that another one is refused, and so is the checksum that the SDK adds."""
        checksum = EMPTY_BODY if self._checksums else {}
        return self._sign("PUT", key, UPLOAD_SECONDS, {"Content-Type": content_type}, checksum)

    def download_url(self, key: str, seconds: int) -> str:
        """A presigned GET."""
        return self._sign("GET", key, seconds)

    def _sign(
        self,
        method: str,
        key: str,
        seconds: int,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> str:
        url = f"{self._endpoint}/{quote(self._bucket, safe='')}/{quote(key, safe='/-_.~')}"
        request = AWSRequest(method, url, headers=headers or {}, params=query or {})
        S3SigV4QueryAuth(self._credentials, "s3", "auto", expires=seconds).add_auth(request)
        return str(request.url)

    async def _send(self, method: str, key: str, url: str, **options: object) -> httpx.Response:
        try:
            response = await self._client.request(method, url, **options)  # type: ignore[arg-type]
        except (httpx.TransportError, httpx.InvalidURL) as error:
            words = reason(error) if isinstance(error, httpx.TransportError) else str(error)
            raise StorageFailed(f"R2 cannot be reached: {words}") from None
        if response.is_error:
            code = re.search(r"<Code>([^<]+)</Code>", response.text)
            raise StorageFailed(f"R2 refused {method} {key}: {response.status_code} {code[1] if code else ''}".rstrip())
        return response


def _calculates_checksums(variables: Variables) -> bool:
    """Whether the SDK adds checksums of its own accord: unless it is to add only those that an operation requires."""
    choice = variables.get(CHECKSUM_CHOICE) or "WHEN_SUPPORTED"
    if choice.upper() not in {"WHEN_SUPPORTED", "WHEN_REQUIRED"}:
        allowed = "Expected one of WHEN_SUPPORTED,WHEN_REQUIRED"
        raise NotConfigured("Storage", f"Cannot load env '{CHECKSUM_CHOICE}'. {allowed}, got {choice}.")
    return choice.upper() == "WHEN_SUPPORTED"


class LocalDisk:
    """The backend of a developer's machine. In a container it holds only what this process wrote."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._files: dict[str, bytes] = {}

    async def put(self, key: str, content: bytes, content_type: str) -> None:  # noqa: ARG002
        """Keep it in this process, where no other one sees it."""
        self._files[key] = content

    async def get(self, key: str) -> bytes:
        """Read what this process itself has written."""
        if key not in self._files:
            raise StorageFailed(f"ENOENT: no such file or directory, open '{self._folder}/{key}'")
        return self._files[key]

    async def delete(self, key: str) -> None:
        """Unlink it."""
        self._files.pop(key, None)

    def upload_url(self, key: str, content_type: str) -> str:  # noqa: ARG002
        """A path of the app: on a developer's machine the app itself takes the upload."""
        return f"/api/storage/upload?key={quote(key, safe='')}"

    def download_url(self, key: str, seconds: int) -> str:  # noqa: ARG002
        """A path of the app; whether the file exists is not checked."""
        return f"/uploads/{quote(key, safe='/-_.~')}"
