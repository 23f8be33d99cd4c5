"""Upload in two steps, and playback: the app signs, the browser talks to R2."""

from __future__ import annotations

import datetime
import re

from starlette.requests import Request
from starlette.responses import JSONResponse

from deploybook.sample_app.objects import DOWNLOAD_SECONDS, LARGEST
from deploybook.sample_app.web.context import done, json_object, refused, web_of

_CONTENT_TYPE = re.compile(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+(; ?[A-Za-z0-9-]+=[\"A-Za-z0-9., -]+)*")


def bad_key(key: object) -> str | None:
    """What is wrong with a key, if anything."""
    if not isinstance(key, str) or not key.startswith(("assets/", "renders/")):
        return "key must start with assets/ or renders/"
    parts = key.split("/")
    if (
        len(key.encode("utf-8", "replace")) > 1024
        or not all(parts)
        or {".", ".."} & set(parts)
        or not key.isprintable()
    ):
        return "key is not a valid object key"
    return None


async def create_upload(request: Request) -> JSONResponse:
    """POST ``/api/storage/upload`` ``{key, contentType, size}``: where to PUT the file."""
    body = await json_object(request)
    if body is None:
        return refused(400, "Invalid JSON")
    key, content_type, size = body.get("key"), body.get("contentType"), body.get("size")
    problem = bad_key(key)
    if problem:
        return refused(400, problem)
    if not isinstance(content_type, str) or not _CONTENT_TYPE.fullmatch(content_type):
        return refused(400, "contentType must be a media type")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        return refused(400, "size must be a positive number of bytes")
    if size > LARGEST:
        return refused(400, "The file is too large: at most 500 MB")
    url = web_of(request).storage().upload_url(str(key), content_type)
    return done(uploadUrl=url, method="PUT", key=key)


async def take_upload(request: Request) -> JSONResponse:
    """PUT ``/api/storage/upload?key=``: what a local upload URL leads to; with R2 no browser is ever sent here."""
    web, key = web_of(request), request.query_params.get("key", "")
    problem = bad_key(key)
    if problem:
        return refused(400, problem)
    if web.storage() is not web.disk:
        return refused(405, "Uploads go to the presigned URL")
    await web.disk.put(key, await request.body(), request.headers.get("content-type", ""))
    return done(key=key)


async def download(request: Request) -> JSONResponse:
    """GET ``/api/storage/download?key=``: where to GET the file. Whether it is there, only that GET will tell."""
    key = request.query_params.get("key", "")
    problem = bad_key(key)
    if problem:
        return refused(400, problem)
    url = web_of(request).playback_storage().download_url(key, DOWNLOAD_SECONDS)
    return done(downloadUrl=url, expiresAt=_in(DOWNLOAD_SECONDS))


def _in(seconds: int) -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
