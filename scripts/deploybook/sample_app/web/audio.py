"""Jobs as a browser sees them: ingest, poll, preview."""

from __future__ import annotations

import re
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse

from deploybook.sample_app.jobs import INGEST, Job, new_job_id
from deploybook.sample_app.objects import DOWNLOAD_SECONDS, WEEK_SECONDS, LocalDisk
from deploybook.sample_app.problems import StudioError
from deploybook.sample_app.web.context import done, log, refused, web_of
from deploybook.sample_app.web.overdue import look_after

TYPES = ("audio_file", "video_file")


async def ingest(request: Request) -> JSONResponse:
    """POST ``/api/audio/ingest`` with form fields ``file`` and ``type``: keep the file, add the job."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return refused(400, "The body must be multipart/form-data")
    async with request.form(max_files=1, max_fields=10) as form:
        file, kind = form.get("file"), form.get("type")
        if not isinstance(file, UploadFile):
            return refused(400, "file is required")
        if kind not in TYPES:
            return refused(400, f"type must be one of {', '.join(TYPES)}")
        content, name = await file.read(), file.filename or ""
        content_type = file.content_type or "application/octet-stream"
    if not content:
        return refused(400, "file is empty")
    web, job_id = web_of(request), new_job_id()
    # The key becomes part of URLs; the file's own name is kept beside it.
    key = f"assets/{job_id}/{re.sub(r'[^A-Za-z0-9._-]+', '_', name).lstrip('.')[-100:] or 'source'}"
    jobs, storage = web.jobs(), web.storage()
    await storage.put(key, content, content_type)
    metadata = {
        "sourceType": kind,
        "audioKey": key,
        "fileName": name,
        "contentType": content_type,
        "size": len(content),
    }
    try:
        await jobs.add(job_id, INGEST, metadata)
    except StudioError:
        await storage.delete(key)
        raise
    log(request, f"[Ingest] Job {job_id} queued")
    return done(jobId=job_id, status="pending")


async def poll(request: Request) -> JSONResponse:
    """GET ``/api/audio/jobs/{jobId}``."""
    web = web_of(request)
    jobs = web.jobs()
    job = await jobs.find(request.path_params["job_id"])
    if job is None:
        return JSONResponse({"error": "Job not found"}, 404)
    job = await look_after(request, job)
    answer: dict[str, Any] = {
        "jobId": job.id,
        "type": job.type,
        "status": job.status,
        "progress": job.progress,
        "stage": job.stage,
        "queuePosition": await jobs.position(job) if job.status == "pending" else None,
        "createdAt": job.created_at,
        "updatedAt": job.updated_at,
    }
    if job.result is not None:
        answer["result"] = job.result
    if job.error:
        answer["error"] = job.error
    if job.status == "complete":
        answer |= _download(job, request)
    return JSONResponse(answer)


async def preview(request: Request) -> JSONResponse:
    """GET ``/api/audio/edit/preview/{jobId}/audio``."""
    web = web_of(request)
    job = await web.jobs().find(request.path_params["job_id"])
    if job is None:
        return JSONResponse({"error": "Job not found"}, 404)
    key = (job.result or {}).get("previewKey")
    if job.status != "complete" or not key:
        return refused(409, f"The preview is not ready: the job is {job.status}")
    storage = web.playback_storage()
    if isinstance(storage, LocalDisk):
        # Unlike the download route this one opens the file; it raises StorageFailed if this instance does not have it.
        await storage.get(key)
    return done(downloadUrl=storage.download_url(key, DOWNLOAD_SECONDS))


def _download(job: Job, request: Request) -> dict[str, str]:
    result, storage = job.result or {}, web_of(request).storage()
    if result.get("videoKey"):
        return {"downloadUrl": storage.download_url(result["videoKey"], WEEK_SECONDS)}
    if result.get("audioKey"):
        return {"downloadUrl": storage.download_url(result["audioKey"], DOWNLOAD_SECONDS)}
    return {}
