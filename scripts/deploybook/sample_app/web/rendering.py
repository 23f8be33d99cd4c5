"""Render to video: the request for it, and the callback that ends it."""

from __future__ import annotations

import base64
import binascii
import hmac
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from deploybook.sample_app.jobs import RENDER, new_job_id
from deploybook.sample_app.problems import modal_endpoint, require
from deploybook.sample_app.web.context import done, json_object, log, refused, web_of
from deploybook.sample_app.web.storage import bad_key


async def create_render(request: Request) -> JSONResponse:
    """POST ``/api/render``: a row for the worker. Modal is not called from here, but must be configured."""
    body = await json_object(request)
    if body is None:
        return refused(400, "Invalid JSON")
    problem = _unfit(body)
    if problem:
        return refused(400, problem)
    web, job_id = web_of(request), new_job_id()
    modal_endpoint(web.variables)
    require(web.variables, "Render", "MODAL_AUTH_TOKEN")
    config = {"outputFormat": "mp4", "fps": 30} | {name: value for name, value in body.items() if name != "audio"}
    await web.jobs().add(job_id, RENDER, {"audio": body["audio"], "config": config})
    log(request, f"[Render] Job {job_id} queued")
    return done(jobId=job_id, status="pending", outputFormat=config["outputFormat"], fps=config["fps"])


async def webhook(request: Request) -> JSONResponse:
    """POST ``/api/webhooks/worker``: how a render ended."""
    web = web_of(request)
    secret = web.variables.get("INTERNAL_WEBHOOK_SECRET", "")
    if not secret:
        log(request, "[Webhook] INTERNAL_WEBHOOK_SECRET is not configured", "error")
        return refused(500, "INTERNAL_WEBHOOK_SECRET is not configured")
    header = request.headers.get("authorization", "")
    # Compared exactly: a blank or a line break at the end of either makes them differ.
    if not hmac.compare_digest(header.encode(), f"Bearer {secret}".encode()):
        log(request, "[Webhook] Unauthorized callback", "warning")
        return refused(401, "Unauthorized")
    body = await json_object(request)
    if body is None:
        return refused(400, "Invalid JSON")
    problem = _unfit_callback(body)
    if problem:
        return refused(400, problem)
    jobs = web.jobs()
    job = await jobs.find(body["jobId"])
    if job is None:
        return refused(404, "Job not found")
    if body["status"] == "complete":
        result = body.get("result") or {}
        await jobs.complete(job.id, result)
        log(request, f"[Webhook] Render complete for job {job.id}, video at {result.get('videoKey')}")
    else:
        error = body.get("error") or "The render failed"
        await jobs.fail(job.id, error)
        log(request, f"[Webhook] Render failed for job {job.id}: {error}", "error")
    return JSONResponse({"success": True})


def _unfit(body: dict[str, Any]) -> str | None:
    """What is wrong with a request to render, if anything."""
    if body.get("outputFormat", "mp4") != "mp4":
        return "outputFormat must be mp4"
    fps = body.get("fps", 30)
    if not isinstance(fps, int) or isinstance(fps, bool) or not 1 <= fps <= 60:
        return "fps must be a whole number from 1 to 60"
    audio = body.get("audio")
    if not isinstance(audio, dict):
        return "audio is required"
    kind = audio.get("type")
    if kind == "url":
        return None if str(audio.get("url", "")).startswith("https://") else "audio.url must be an https URL"
    if kind == "storage":
        return bad_key(audio.get("key"))
    if kind != "base64":
        return "audio.type must be one of url, base64, storage"
    try:
        content = base64.b64decode(str(audio.get("data", "")), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    return None if content else "audio.data must be base64"


def _unfit_callback(body: dict[str, Any]) -> str | None:
    """What is wrong with a callback, if anything."""
    try:
        uuid.UUID(body["jobId"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return "jobId must be a UUID"
    if body.get("status") not in {"complete", "failed"}:
        return "status must be complete or failed"
    if not isinstance(body.get("result", {}), dict):
        return "result must be an object"
    if not isinstance(body.get("error", ""), str):
        return "error must be a string"
    return None
