"""Render to video: the request for it, and the list of those there are. The worker hands each to Modal."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AnyUrl, BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from deploybook.sample_app.defects import Defect
from deploybook.sample_app.jobs import RENDER, Job
from deploybook.sample_app.problems import JobFailed, StudioError
from deploybook.sample_app.web.answers import api_error, by_path, done, json_body
from deploybook.sample_app.web.context import Web, log, web_of

# Megabytes a second and frame that each format comes to: what the application estimates a render's length by.
FORMATS = {
    "flat-1080p-landscape": 0.015,
    "flat-1080p-portrait": 0.015,
    "flat-1080p-square": 0.012,
    "flat-4k-landscape": 0.06,
    "flat-4k-portrait": 0.06,
    "360-mono-4k": 0.08,
    "360-mono-6k": 0.15,
    "360-mono-8k": 0.25,
    "360-stereo-8k": 0.5,
}
STATUSES = {"processing": "rendering", "complete": "completed"}
_SECONDS, _SECONDS_PER_MB = 180, 2


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Base64(_Model):
    type: Literal["base64"]
    data: Annotated[str, Field(min_length=1)]
    filename: Annotated[str, Field(min_length=1)]
    mimeType: Annotated[str, Field(pattern=r"^audio/")]  # noqa: N815 - the application's own name


class _Address(_Model):
    type: Literal["url"]
    url: AnyUrl
    filename: str = ""


class _Asset(_Model):
    type: Literal["asset"]
    assetId: UUID  # noqa: N815 - the application's own name


class _Path(_Model):
    type: Literal["path"]
    path: Annotated[str, Field(min_length=1)]


class _Render(_Model):
    """What POST ``/api/render`` takes."""

    audio: Annotated[_Base64 | _Address | _Asset, Field(discriminator="type")]
    outputFormat: Literal[tuple(FORMATS)]  # type: ignore[valid-type]  # noqa: N815
    fps: Literal[30, 60, "30", "60"]
    priority: Annotated[int, Field(ge=1, le=10)] = 5
    metadata: dict[str, Any] = {}


class _RenderOfAnyFile(_Render):
    audio: Annotated[_Base64 | _Address | _Asset | _Path, Field(discriminator="type")]  # type: ignore[assignment]


async def create_render(request: Request) -> Response:
    """POST ``/api/render``: a row for the worker. Nothing here reads a variable of Modal."""
    if "application/json" not in request.headers.get("content-type", ""):
        message = "Content-Type must be application/json or multipart/form-data"
        return api_error(400, "INVALID_CONTENT_TYPE", message)
    web = web_of(request)
    model = _RenderOfAnyFile if Defect.AUDIO_PATH in web.defects else _Render
    try:
        body = model.model_validate(await json_body(request))
    except ValidationError as problems:
        return api_error(400, "VALIDATION_ERROR", "Invalid request body", by_path(problems, "audio"))
    name, jobs = _audio_name(body.audio), web.jobs()
    metadata = _metadata(body, name, web)
    job = await jobs.create(RENDER, metadata)
    if not isinstance(body.audio, _Address):
        try:
            key = await _stored_audio(web, job, body.audio)
        except (StudioError, binascii.Error) as error:
            await jobs.fail(job.id, f"Audio upload failed: {error}")
            log(request, f"[API] Failed to upload audio to storage: {error}", "error")
            return api_error(500, "AUDIO_UPLOAD_ERROR", "Failed to upload audio to storage")
        await jobs.update(job.id, result={"audioStorageKey": key})
    log(request, f"[API] Render job {job.id} created in JobStore (worker will dispatch to Modal)")
    estimate = round(_SECONDS * int(body.fps) * FORMATS[body.outputFormat] * _SECONDS_PER_MB)
    return done(
        jobId=job.id,
        status="pending",
        audioName=name,
        outputFormat=body.outputFormat,
        targetMachine=None,
        estimatedDuration=estimate,
        position=await jobs.position(job),
    )


async def list_renders(request: Request) -> Response:
    """GET ``/api/render``: the render jobs, newest first."""
    try:
        limit, offset = int(request.query_params.get("limit", 20)), int(request.query_params.get("offset", 0))
    except ValueError:
        limit = offset = -1
    if not 1 <= limit <= 100 or offset < 0:
        return api_error(400, "VALIDATION_ERROR", "Invalid query parameters", {"limit": ["1 to 100"]})
    jobs = await web_of(request).jobs().of_type(RENDER)
    summary: dict[str, int] = {}
    for job in jobs:
        status = STATUSES.get(job.status, job.status)
        summary[status] = summary.get(status, 0) + 1
    wanted = request.query_params.get("status")
    chosen = [job for job in jobs if not wanted or STATUSES.get(job.status, job.status) == wanted]
    page = chosen[offset : offset + limit]
    more = offset + len(page) < len(chosen)
    pagination = {"total": len(chosen), "limit": limit, "offset": offset, "hasMore": more}
    return done(jobs=[_summary(job) for job in page], pagination=pagination, summary=summary)


async def unknown_render(request: Request) -> Response:
    """GET, PATCH and DELETE ``/api/render/{id}``: they look in a store that nothing fills, so there never is one."""
    return api_error(404, "NOT_FOUND", f"Job not found: {request.path_params['render_id']}")


def _metadata(body: _Render, name: str, web: Web) -> dict[str, Any]:
    """What the job's row keeps for the worker."""
    visual = body.metadata.get("visualConfig")
    metadata = {
        "audioName": name,
        "outputFormat": body.outputFormat,
        "fps": int(body.fps),
        "quality": body.priority,
        "visualConfig": visual if isinstance(visual, dict) else {"mode": "flame"},
        "callbackUrl": web.variables.get("NEXT_PUBLIC_APP_URL") or "http://localhost:3000",
        "renderTarget": "cloud",
    }
    return metadata | ({"audioUrl": str(body.audio.url)} if isinstance(body.audio, _Address) else {})


def _audio_name(audio: _Base64 | _Address | _Asset | _Path) -> str:
    if isinstance(audio, _Address):
        return audio.filename or urlsplit(str(audio.url)).path.rpartition("/")[2] or "audio.mp3"
    if isinstance(audio, _Asset):
        return f"asset-{audio.assetId}"
    return audio.filename if isinstance(audio, _Base64) else audio.path.rpartition("/")[2]


async def _stored_audio(web: Web, job: Job, audio: _Base64 | _Address | _Asset | _Path) -> str:
    """Keep the audio of a render beside its job; the key."""
    storage = web.storage()
    extension = "mp3"
    if isinstance(audio, _Base64):
        content = base64.b64decode(audio.data)
        extension = audio.filename.rpartition(".")[2].lower() or "mp3"
    elif isinstance(audio, _Asset):
        key = await web.assets().file(str(audio.assetId), "prepared.")
        prepared = await storage.get(key) if key else None
        if prepared is None:
            raise JobFailed(f"Prepared asset not found for {audio.assetId}. Save edits first.")
        content = prepared
    else:
        # The defect is that it is taken at all. No file of the machine that runs the sandbox is read.
        raise JobFailed("ENOENT: no such file or directory, open 'AUDIO'")
    target = f"renders/{job.id}/audio.{extension}"
    await storage.put(target, content)
    return target


def _summary(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "batchId": None,
        "status": STATUSES.get(job.status, job.status),
        "progress": job.progress,
        "currentStage": job.stage or "Unknown",
        "audioName": job.metadata.get("audioName") or "Unknown",
        "outputFormat": job.metadata.get("outputFormat") or "unknown",
        "createdAt": job.created_at,
        "completedAt": job.updated_at if job.status == "complete" else None,
        "errorMessage": job.error,
    }
