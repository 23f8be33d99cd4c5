"""The callback that ends a render."""

from __future__ import annotations

import hmac
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploybook.sample_app.web.answers import by_path, json_body, plain_error
from deploybook.sample_app.web.context import log, web_of

PREFIX = "Bearer "


class _Callback(BaseModel):
    jobId: UUID  # noqa: N815 - the application's own name
    status: Literal["complete", "failed"]
    # Absent, not null.
    result: dict[str, Any] = {}
    error: str = "Unknown error from worker"


async def webhook(request: Request) -> Response:
    """POST ``/api/webhooks/worker``: how a job ended. It sets a job of any state."""
    web = web_of(request)
    secret = web.variables.get("INTERNAL_WEBHOOK_SECRET", "")
    if not secret:
        log(request, "[Webhook] INTERNAL_WEBHOOK_SECRET not configured", "error")
        return plain_error(500, "Webhook secret not configured")
    header = request.headers.get("authorization", "")
    # Compared exactly: a blank or a line break at the end of either makes them differ.
    if not header.startswith(PREFIX) or not hmac.compare_digest(header.removeprefix(PREFIX).encode(), secret.encode()):
        client = request.client.host if request.client else "unknown"
        log(request, f"[Webhook] Unauthorized request from {client}", "warning")
        return plain_error(401, "Unauthorized")
    try:
        callback = _Callback.model_validate(await json_body(request))
    except ValidationError as problems:
        details = {"formErrors": [], "fieldErrors": by_path(problems)}
        return plain_error(400, "Invalid payload", details=details)
    except ValueError:
        return plain_error(400, "Invalid JSON body")
    jobs, job_id = web.jobs(), str(callback.jobId)
    if await jobs.find(job_id) is None:
        return plain_error(404, f"Job {job_id} not found")
    log(request, f"[Webhook] Received callback for job {job_id}: {callback.status}")
    if callback.status == "failed":
        await jobs.fail(job_id, callback.error)
    else:
        if isinstance(callback.result.get("videoKey"), str):
            log(request, f"[Webhook] Render complete for job {job_id}, video at {callback.result['videoKey']}")
        await jobs.complete(job_id, callback.result)
    return JSONResponse({"success": True})
