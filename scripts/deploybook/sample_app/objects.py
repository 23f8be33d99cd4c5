"""Where the application keeps files: R2 by presigned requests, or the local disk where R2 is not turned on.

botocore only computes signatures here (AWS Signature Version 4 in the query, as R2 documents for presigned URLs); the requests
themselves are httpx's, so that nothing blocks the event loop. The addresses are virtual-hosted, as the AWS SDK makes them.
"""

from __future__ import annotations

import asyncio
import html
import random
import re
from typing import Protocol
from urllib.parse import quote

import httpx
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from deploybook.sample_app.network import R2_DOMAIN
from deploybook.sample_app.problems import StorageFailed, Variables

UPLOAD_SECONDS = 3600
HOUR_SECONDS = 3600
# The longest life that R2 allows, and the application's own choice.
WEEK_SECONDS = 604800
# Without R2_BUCKET_NAME the application goes on with a name that stands in its source.
DEFAULT_BUCKET = "studio"
CHECKSUM_CHOICE = "AWS_REQUEST_CHECKSUM_CALCULATION"
# What the AWS SDK for JavaScript (from 3.729) signs into the URL of a PUT whose body it does not see: the CRC-32 of no bytes at all.
EMPTY_BODY = {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-sdk-checksum-algorithm": "CRC32"}
# The SDK's standard retries: at random up to half a second after the first refusal, and twice as long after each other one.
THROTTLED_SECONDS, LONGEST_PAUSE = 0.5, 20.0
RETRIED = frozenset({429, 500, 502, 503, 504})


class Storage(Protocol):
    """Files by key."""

    async def put(self, key: str, content: bytes, content_type: str = "") -> None:
        """Write a file."""

    async def get(self, key: str) -> bytes | None:
        """Read a file; None if it is not there."""

    async def delete(self, key: str) -> None:
        """Remove a file; one that is not there is no error."""

    async def sizes(self, prefix: str) -> dict[str, int]:
        """Every key that begins so, with the size in bytes."""

    def upload_url(self, key: str) -> str:
        """Where a browser may PUT this one file."""

    def download_url(self, key: str, seconds: int = WEEK_SECONDS) -> str:
        """Where anyone may GET this one file for some time; whether it is there is not checked."""


class R2:
    """A bucket, reached with the four variables alone. The first request to R2 is the first file."""

    def __init__(self, variables: Variables, client: httpx.AsyncClient) -> None:
        bucket = variables.get("R2_BUCKET_NAME") or DEFAULT_BUCKET
        self._endpoint = f"https://{bucket}.{variables.get('R2_ACCOUNT_ID') or 'undefined'}{R2_DOMAIN}"
        self._credentials = (variables.get("R2_ACCESS_KEY_ID", ""), variables.get("R2_SECRET_ACCESS_KEY", ""))
        self._client = client
        self._checksums = _calculates_checksums(variables)
        self._attempts = _number(variables.get("AWS_MAX_ATTEMPTS"), 3)

    async def put(self, key: str, content: bytes, content_type: str = "") -> None:
        """PutObject."""
        headers = {"Content-Type": content_type or "application/octet-stream"}
        await self._send("PUT", key, self._sign("PUT", key, UPLOAD_SECONDS), content=content, headers=headers)

    async def get(self, key: str) -> bytes | None:
        """GetObject."""
        response = await self._send("GET", key, self.download_url(key, HOUR_SECONDS), absent_is_fine=True)
        return None if response.status_code == 404 else response.content

    async def delete(self, key: str) -> None:
        """DeleteObject."""
        await self._send("DELETE", key, self._sign("DELETE", key, UPLOAD_SECONDS))

    async def sizes(self, prefix: str) -> dict[str, int]:
        """ListObjectsV2, page by page."""
        sizes: dict[str, int] = {}
        token = ""
        while True:
            query = {"list-type": "2", "prefix": prefix} | ({"continuation-token": token} if token else {})
            page = (await self._send("LIST", prefix, self._sign("GET", "", UPLOAD_SECONDS, query))).text
            for entry in re.findall(r"<Contents>(.*?)</Contents>", page, re.DOTALL):
                sizes[html.unescape(_element(entry, "Key"))] = int(_element(entry, "Size") or 0)
            token = html.unescape(_element(page, "NextContinuationToken"))
            if not token:
                return sizes

    def upload_url(self, key: str) -> str:
        """A presigned PUT. Neither size nor content type is signed, but the checksum that the SDK adds is."""
        return self._sign("PUT", key, UPLOAD_SECONDS, EMPTY_BODY if self._checksums else {})

    def download_url(self, key: str, seconds: int = WEEK_SECONDS) -> str:
        """A presigned GET."""
        return self._sign("GET", key, seconds)

    def _sign(self, method: str, key: str, seconds: int, query: dict[str, str] | None = None) -> str:
        if not all(self._credentials):
            raise StorageFailed("Resolved credential object is not valid")
        request = AWSRequest(method, f"{self._endpoint}/{quote(key, safe='/-_.~')}", params=query or {})
        S3SigV4QueryAuth(Credentials(*self._credentials), "s3", "auto", expires=seconds).add_auth(request)
        return str(request.url)

    async def _send(
        self, operation: str, key: str, url: str, *, absent_is_fine: bool = False, **options: object
    ) -> httpx.Response:
        method = "GET" if operation == "LIST" else operation
        for attempt in range(1, self._attempts + 1):
            try:
                response = await self._client.request(method, url, **options)  # type: ignore[arg-type]
            except (httpx.TransportError, httpx.InvalidURL) as error:
                raise StorageFailed(f"R2 cannot be reached: {error or type(error).__name__}") from None
            if response.status_code not in RETRIED or attempt == self._attempts:
                break
            await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE, THROTTLED_SECONDS * 2 ** (attempt - 1))))  # noqa: S311
        if response.is_error and not (absent_is_fine and response.status_code == 404 and "NoSuchKey" in response.text):
            code = _element(response.text, "Code")
            raise StorageFailed(f"R2 refused {operation} {key}: {response.status_code} {code}".rstrip())
        return response


def _element(text: str, name: str) -> str:
    """What stands in the first XML element of this name; empty if there is none."""
    match = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return match[1] if match else ""


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and int(text) else default


def _calculates_checksums(variables: Variables) -> bool:
    """Whether the SDK adds checksums that no operation requires."""
    choice = variables.get(CHECKSUM_CHOICE) or "WHEN_SUPPORTED"
    if choice.upper() not in {"WHEN_SUPPORTED", "WHEN_REQUIRED"}:
        allowed = "Expected one of WHEN_SUPPORTED,WHEN_REQUIRED"
        raise StorageFailed(f"Cannot load env '{CHECKSUM_CHOICE}'. {allowed}, got {choice}.")
    return choice.upper() == "WHEN_SUPPORTED"


class LocalDisk:
    """The backend of a developer's machine. In a container it holds only what this process wrote."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    async def put(self, key: str, content: bytes, content_type: str = "") -> None:  # noqa: ARG002
        """Keep it in this process, where no other one sees it."""
        self._files[key] = content

    async def get(self, key: str) -> bytes | None:
        """Read what this process itself has written."""
        return self._files.get(key)

    async def delete(self, key: str) -> None:
        """Unlink it."""
        self._files.pop(key, None)

    async def sizes(self, prefix: str) -> dict[str, int]:
        """The files below a folder."""
        return {key: len(content) for key, content in self._files.items() if key.startswith(prefix)}

    def upload_url(self, key: str) -> str:
        """An address of the developer's own machine, which the app itself serves there."""
        return f"http://localhost:3000/api/storage/upload?key={quote(key, safe='')}"

    def download_url(self, key: str, seconds: int = WEEK_SECONDS) -> str:  # noqa: ARG002
        """An address of the developer's own machine."""
        return f"http://localhost:3000/api/storage/download?key={quote(key, safe='')}"
