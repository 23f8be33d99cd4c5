"""What is in the buckets of SeaweedFS, while SeaweedFS itself is at work in them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

from deploybook.sandbox.r2.backend.objects import Objects
from deploybook.sandbox.r2.backend.seaweed import SeaweedServer

FOLDER = {"FullPath": "/buckets/studio/assets", "Mode": 1 << 31}


def test_a_folder_that_is_deleted_in_the_background_after_it_was_listed_is_empty(tmp_path: Path) -> None:
    """SeaweedFS deletes empty folders when it has time: a snapshot that was brought back just then answered 500."""

    def filer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/buckets/studio/":
            return httpx.Response(200, json={"Entries": [FOLDER], "ShouldDisplayLoadMore": False, "LastFileName": ""})
        return httpx.Response(404)

    async def read() -> list[str]:
        server = SeaweedServer(tmp_path, ())
        server.filer_url = "https://filer"
        async with httpx.AsyncClient(transport=httpx.MockTransport(filer)) as server.http:
            return [one.key for one in await Objects(server).read("studio")]

    assert asyncio.run(read()) == []
