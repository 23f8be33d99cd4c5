"""What is in the buckets of SeaweedFS, read and brought back: of an object that is still there nothing is written again.

Folders are listed by its filer (https://github.com/seaweedfs/seaweedfs/wiki/Filer-Server-API), objects read and written by its S3 gateway,
which keeps their headers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from deploybook.sandbox.r2.backend.seaweed import SeaweedServer

# Go's os.ModeDir.
_FOLDER = 1 << 31
_PAGE = 1000
# Parts of uploads that were not completed.
_UPLOADS = ".uploads"
_KEPT_HEADERS = frozenset(
    {"cache-control", "content-disposition", "content-encoding", "content-language", "content-type"}
)
_METADATA = "x-amz-meta-"
# The chunks are other ones whenever the content is written, the rest when the headers are changed.
_VERSION = ("chunks", "Content", "Mtime", "Mime", "Extended")


@dataclass(frozen=True)
class Object:
    """One object; ``version`` is another one whenever it is written."""

    key: str
    version: str
    content: bytes
    headers: Mapping[str, str]


class Objects:
    """The objects of one server."""

    def __init__(self, server: SeaweedServer) -> None:
        self._server = server

    async def read(self, bucket: str) -> list[Object]:
        """Every object of a bucket."""
        return [await self._read(bucket, key, version) async for key, version in self._list(bucket)]

    async def make(self, wanted: Mapping[str, Sequence[Object]]) -> None:
        """Create the buckets those that are wanted, with these objects in them."""
        present = {
            entry["FullPath"].rpartition("/")[2] for entry in await self._entries("/buckets/") if _is_folder(entry)
        }
        await self._server.purge(sorted(present - wanted.keys()))
        for bucket, objects in wanted.items():
            if bucket not in present:
                await self._server.create_bucket(bucket)
            await self._fill(bucket, objects)

    async def _fill(self, bucket: str, objects: Sequence[Object]) -> None:
        await self._server.purge([f"{bucket}/{_UPLOADS}"])
        present = {key: version async for key, version in self._list(bucket)}
        wanted = {one.key: one for one in objects}
        gone = present.keys() - wanted.keys()
        other = [one for one in objects if present.get(one.key) != one.version]
        await asyncio.gather(*(self._server.administer("DELETE", _path(bucket, key)) for key in gone))
        await asyncio.gather(*(self._write(bucket, one) for one in other))

    async def _read(self, bucket: str, key: str, version: str) -> Object:
        answer = await self._server.administer("GET", _path(bucket, key))
        headers = {
            name: value for name, value in answer.headers.items() if name in _KEPT_HEADERS or name.startswith(_METADATA)
        }
        return Object(key, version, answer.content, headers)

    async def _write(self, bucket: str, one: Object) -> None:
        await self._server.administer("PUT", _path(bucket, one.key), one.content, one.headers)

    async def _list(self, bucket: str, folder: str = "") -> AsyncIterator[tuple[str, str]]:
        root = f"/buckets/{bucket}/"
        for entry in await self._entries(f"{root}{folder}"):
            key = entry["FullPath"].removeprefix(root)
            if not _is_folder(entry):
                yield key, json.dumps([entry[name] for name in _VERSION])
            elif key != _UPLOADS:
                async for below in self._list(bucket, f"{key}/"):
                    yield below

    async def _entries(self, folder: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        last = ""
        while True:
            page = await self._server.list_folder(quote(folder), {"limit": str(_PAGE), "lastFileName": last})
            if page is None:
                return entries
            entries += page["Entries"] or []
            if not page["ShouldDisplayLoadMore"]:
                return entries
            last = page["LastFileName"]


def _path(bucket: str, key: str) -> str:
    return f"{bucket}/{quote(key, safe='/-_.~')}"


def _is_folder(entry: Mapping[str, Any]) -> bool:
    return bool(entry["Mode"] & _FOLDER)
