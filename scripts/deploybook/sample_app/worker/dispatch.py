"""Render: bring the audio to R2, sign its URL for an hour, and hand the job to Modal, whose callback ends it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import httpx

from deploybook.sample_app.defects import Defect
from deploybook.sample_app.objects import HOUR_SECONDS
from deploybook.sample_app.problems import JobFailed, RenderFailed, Variables
from deploybook.sample_app.worker.task import Task

# Modal starts a container before the first answer.
SUBMIT_SECONDS = 150
_EXTENSION = re.compile(r"\.([A-Za-z0-9]+)(?:\?.*)?$")


async def dispatch(task: Task) -> None:
    """Do the worker's part of a ``render`` job."""
    await task.advance("resolving-audio", 5)
    key, content = await _audio(task)
    await task.advance("uploading-audio", 12)
    if content is not None:
        await task.storage.put(key, content)
        task.log(f"[Render] Uploaded audio to storage: {key}")
    await task.advance("generating-url", 22)
    url = task.storage.download_url(key, HOUR_SECONDS)
    await task.advance("dispatching", 27)
    answer = await _submit(task, url)
    call_id, gpu = str(answer.get("call_id")), str(bool(answer.get("gpu"))).lower()
    task.log(f"[Render] Job {task.job.id} dispatched to Modal (call_id={call_id}, gpu={gpu})")
    result = (task.job.result or {}) | {"modalCallId": call_id}
    await task.jobs.update(task.job.id, stage="dispatched-to-modal", progress=30, result=result)


async def _audio(task: Task) -> tuple[str, bytes | None]:
    """The key of the job's audio in R2, and the audio if it is not there yet."""
    stored = (task.job.result or {}).get("audioStorageKey")
    if stored:
        return str(stored), None
    url = task.job.metadata.get("audioUrl")
    if not url:
        raise JobFailed("Render job has neither audioStorageKey nor audioUrl in metadata")
    try:
        answer = await task.network.client(60).get(url)
    except (httpx.TransportError, httpx.InvalidURL):
        raise RenderFailed("fetch failed") from None
    if answer.status_code != 200:
        raise RenderFailed(f"Failed to download audio from URL: HTTP {answer.status_code}")
    extension = _EXTENSION.search(urlsplit(url).path)
    return f"renders/{task.job.id}/audio.{extension[1].lower() if extension else 'mp3'}", answer.content


async def _submit(task: Task, audio_url: str) -> dict[str, Any]:
    """POST to the submit endpoint. Modal's app refuses with HTTP 200: what counts is in the body."""
    endpoint, body = _required(task.variables, "MODAL_ENDPOINT_URL"), _body(task, audio_url)
    if "://" not in endpoint:
        raise RenderFailed(f"Failed to parse URL from {endpoint}")
    try:
        answer = await task.network.client(SUBMIT_SECONDS).post(endpoint.rstrip("/"), json=body)
    except (httpx.TransportError, httpx.InvalidURL):
        raise RenderFailed("fetch failed") from None
    text = answer.text
    # FastAPI quotes a body that it cannot use; the job's error is for anyone to read.
    for secret in (body["auth_token"], body.get("webhook_secret")):
        text = text.replace(secret, "…") if secret else text
    if answer.is_error:
        raise RenderFailed(f"Modal submit failed ({answer.status_code}): {text[:500]}")
    try:
        content = answer.json()
    except ValueError:
        raise RenderFailed("Unexpected token in JSON") from None
    if not isinstance(content, dict) or content.get("error"):
        raise RenderFailed(f"Modal submit error: {content.get('error') if isinstance(content, dict) else 'no object'}")
    return content


def _body(task: Task, audio_url: str) -> dict[str, Any]:
    metadata, address = task.job.metadata, task.variables.get("NEXT_PUBLIC_APP_URL") or "http://localhost:3000"
    output = {"path": "/tmp/output/render.mp4", "format": metadata.get("outputFormat"), "fps": metadata.get("fps", 30)}  # noqa: S108
    audio, visual = {"path": "provided-via-signed-url"}, metadata.get("visualConfig") or {}
    body = {
        "auth_token": _required(task.variables, "MODAL_AUTH_TOKEN"),
        "config": {"version": "1.0", "audio": audio, "output": output, "visual": visual},
        "job_id": task.job.id,
        "callback_url": address,
        "webhook_url": f"{address}/api/webhooks/worker",
    }
    if Defect.AUDIO_FIELD not in task.defects:
        body["audio_signed_url"] = audio_url
    secret = task.variables.get("INTERNAL_WEBHOOK_SECRET")
    return body | ({"webhook_secret": secret} if secret else {})


def _required(variables: Variables, name: str) -> str:
    if not variables.get(name):
        raise RenderFailed(f"{name} is not configured")
    return variables[name]
