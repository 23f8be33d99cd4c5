"""Upload in two steps, and playback: the app signs, the browser talks to R2."""

from __future__ import annotations

import datetime
import mimetypes
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from deploybook.sample_app.objects import WEEK_SECONDS
from deploybook.sample_app.problems import StudioError
from deploybook.sample_app.web.answers import by_path, done, json_body, storage_error
from deploybook.sample_app.web.context import log, web_of

LARGEST = 500 * 1024 * 1024
LONGEST_KEY = 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def bad_key(key: str) -> str:
    """What is wrong with a key; empty if nothing is."""
    if not key.strip():
        return "key query parameter is required"
    if not key.startswith(("assets/", "renders/")):
        return 'key must start with "assets/" or "renders/"'
    return 'key must not contain ".."' if ".." in key else ""


def _good_key(key: str) -> str:
    if problem := bad_key(key):
        raise ValueError(problem)
    return key


class _Upload(BaseModel):
    model_config = ConfigDict(strict=True)

    key: Annotated[str, Field(min_length=1, max_length=LONGEST_KEY), AfterValidator(_good_key)]
    size: Annotated[int, Field(gt=0, le=LARGEST)]
    contentType: str = "application/octet-stream"  # noqa: N815 - the application's own name


async def create_upload(request: Request) -> Response:
    """POST ``/api/storage/upload`` ``{key, size, contentType?}``: where to PUT the file, for an hour."""
    try:
        body = _Upload.model_validate(await json_body(request))
    except ValidationError as problems:
        return storage_error(400, "Validation failed", by_path(problems))
    except ValueError as error:
        return _failed(request, "storage/upload", "POST", error, "Failed to generate upload URL")
    try:
        url = web_of(request).storage().upload_url(body.key)
    except StudioError as error:
        return _failed(request, "storage/upload", "POST", error, "Failed to generate upload URL")
    return done(uploadUrl=url, method="PUT", key=body.key)


async def take_upload(request: Request) -> Response:
    """PUT ``/api/storage/upload?key=``: the file itself, through the function; in production too."""
    key = request.query_params.get("key", "")
    if problem := bad_key(key):
        return storage_error(400, problem)
    try:
        content_type = request.headers.get("content-type", "")
        await web_of(request).storage().put(key, await request.body(), content_type)
    except StudioError as error:
        return _failed(request, "storage/upload", "PUT", error, "Upload failed")
    return done(key=key)


async def download(request: Request) -> Response:
    """GET ``/api/storage/download?key=``: where to GET the file, for a week; without ``STORAGE_BACKEND=r2``, the file itself."""
    key, web = request.query_params.get("key", ""), web_of(request)
    if problem := bad_key(key):
        return storage_error(400, problem)
    try:
        storage = web.storage()
        if web.hands_out_addresses:
            return done(downloadUrl=storage.download_url(key, WEEK_SECONDS), expiresAt=_in(WEEK_SECONDS))
        content = await storage.get(key)
    except StudioError as error:
        return _failed(request, "storage/download", "GET", error, "Download failed")
    if content is None:
        return storage_error(404, "File not found")
    return _part(content, request.headers.get("range", ""), mimetypes.guess_type(key)[0])


def _part(content: bytes, wanted: str, content_type: str | None) -> Response:
    """A file, or the part of it that a Range header asks for."""
    kind = content_type or "application/octet-stream"
    if not wanted:
        return Response(content, media_type=kind, headers={"Accept-Ranges": "bytes"})
    match = _RANGE.search(wanted)
    start = int(match[1] or 0) if match else len(content)
    if match is None or start >= len(content):
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(content)}"})
    end = min(int(match[2] or len(content) - 1), len(content) - 1)
    headers = {"Content-Range": f"bytes {start}-{end}/{len(content)}", "Accept-Ranges": "bytes"}
    return Response(content[start : end + 1], 206, headers, kind)


def _failed(request: Request, area: str, method: str, error: Exception, message: str) -> Response:
    log(request, f"[{area}] {method} error: {error}", "error")
    return storage_error(500, message)


def _in(seconds: int) -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
