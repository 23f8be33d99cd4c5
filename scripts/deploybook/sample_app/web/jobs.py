"""Jobs as a browser sees them: poll, cancel."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploybook.sample_app.jobs import TERMINAL
from deploybook.sample_app.problems import StorageFailed
from deploybook.sample_app.web.answers import api_error, done, plain_error
from deploybook.sample_app.web.context import Web, web_of

ENDED = "Job already in terminal state"


async def poll(request: Request) -> Response:
    """GET ``/api/audio/jobs/{jobId}``."""
    web = web_of(request)
    jobs = web.jobs()
    job = await jobs.find(request.path_params["job_id"])
    if job is None:
        return plain_error(404, "Job not found")
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
    if job.status == "complete" and job.result:
        answer |= {"result": job.result} | _download(job.result, web)
    if job.status == "failed" and job.error:
        answer["error"] = job.error
    return JSONResponse(answer)


async def poll_page(request: Request) -> Response:
    """GET of the routes that the page polls: ingest, preview and save, each ``…/{jobId}``."""
    job = await web_of(request).jobs().find(request.path_params["job_id"])
    if job is None:
        return api_error(404, "NOT_FOUND", f"Job {request.path_params['job_id']} not found")
    view = {"jobId": job.id, "type": job.type, "status": job.status, "progress": job.progress, "stage": job.stage}
    ends = {name: value for name, value in (("result", job.result), ("error", job.error)) if value is not None}
    return done(**view, **ends, createdAt=job.created_at, updatedAt=job.updated_at)


async def cancel(request: Request) -> Response:
    """POST ``/api/audio/jobs/{jobId}/cancel``, and DELETE of the routes that the page polls."""
    jobs = web_of(request).jobs()
    job = await jobs.find(request.path_params["job_id"])
    if job is None:
        return plain_error(404, "Job not found")
    if job.status in TERMINAL:
        return plain_error(409, ENDED, status=job.status)
    await jobs.cancel(job.id)
    return JSONResponse({"jobId": job.id, "status": "cancelled", "message": "Job cancellation requested"})


def _download(result: dict[str, Any], web: Web) -> dict[str, str]:
    """``downloadUrl``: signed for a file, a path of the app for an asset; none where it cannot be signed."""
    key = result.get("videoKey") or result.get("previewKey") or result.get("preparedKey")
    if key:
        try:
            return {"downloadUrl": web.storage().download_url(str(key))}
        except StorageFailed:
            return {}
    asset = result.get("assetId")
    return {"downloadUrl": f"/api/audio/assets/{asset}/stream"} if asset else {}
