"""Ask Modal about a render whose callback is overdue: it may have died, or its callback may have been refused."""

from __future__ import annotations

import time
from typing import Any

import httpx
from starlette.requests import Request

from deploybook.sample_app.jobs import RENDER, Job
from deploybook.sample_app.network import reason
from deploybook.sample_app.problems import NotConfigured, modal_endpoint
from deploybook.sample_app.web.context import Web, log, web_of

QUIET_SECONDS = 10
ASK_AGAIN_SECONDS = 10


async def look_after(request: Request, job: Job) -> Job:
    """The job; if it is an overdue render that failed at Modal, it is ended first. Only a callback ends one well."""
    web, call_id = web_of(request), job.metadata.get("callId")
    overdue = job.type == RENDER and job.status == "processing" and call_id and job.age > QUIET_SECONDS
    if not overdue or time.monotonic() - web.asked.get(job.id, -ASK_AGAIN_SECONDS) < ASK_AGAIN_SECONDS:
        return job
    web.asked[job.id] = time.monotonic()
    answer = await _status(web, str(call_id))
    status = answer.get("status")
    if status == "failed":
        await web.jobs().fail(job.id, f"Modal: {answer.get('error') or 'the render failed'}")
        return await web.jobs().find(job.id) or job
    if status != "running":
        result = answer.get("result")
        answered = f"; its callback was answered {result.get('webhook')}" if isinstance(result, dict) else ""
        log(request, f"[Render] No callback for job {job.id} yet; Modal's status: {status}{answered}", "error")
    return job


async def _status(web: Web, call_id: str) -> dict[str, Any]:
    """The status endpoint's answer; where there is none, the reason stands in for the status."""
    try:
        response = await web.client().get(_status_url(web), params={"call_id": call_id})
        answer = response.json() if response.status_code == 200 else None
    except httpx.TransportError as error:
        return {"status": f"not to be had, {reason(error)}"}
    except (httpx.InvalidURL, ValueError, NotConfigured) as error:
        return {"status": f"not to be had, {error}"}
    if not isinstance(answer, dict):
        return {"status": f"not to be had, {response.status_code} {response.text[:200]}"}
    return answer


def _status_url(web: Web) -> str:
    """``MODAL_STATUS_URL``, or the submit endpoint's address with ``status`` for ``submit`` in its label."""
    return web.variables.get("MODAL_STATUS_URL") or "-status".join(modal_endpoint(web.variables).rsplit("-submit", 1))
