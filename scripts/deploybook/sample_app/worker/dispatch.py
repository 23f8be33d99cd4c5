"""Render: bring the audio to R2, sign its URL for an hour, and hand the job to Modal, whose callback ends it."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from deploybook.sample_app.network import reason
from deploybook.sample_app.objects import DOWNLOAD_SECONDS, LARGEST
from deploybook.sample_app.problems import RenderFailed, modal_endpoint, require
from deploybook.sample_app.worker.task import Task

# Modal starts a container before the first answer.
SUBMIT_SECONDS = 150


async def dispatch(task: Task) -> None:
    """Do the worker's part of a ``render`` job."""
    endpoint = modal_endpoint(task.variables)
    names = ("MODAL_AUTH_TOKEN", "INTERNAL_WEBHOOK_SECRET", "NEXT_PUBLIC_APP_URL")
    token, secret, address = require(task.variables, "Render", *names)
    await task.advance("uploading_audio", 10)
    key = await _audio_in_storage(task)
    # Not the bytes: from here on they are in R2.
    metadata = task.job.metadata | {"audio": {"type": "storage", "key": key}}
    await task.jobs.advance(task.job.id, "dispatching", 30, metadata)
    answer = await _submit(
        task,
        endpoint,
        {
            "auth_token": token,
            "config": task.job.metadata.get("config", {}),
            "job_id": task.job.id,
            "audio_signed_url": task.storage.download_url(key, DOWNLOAD_SECONDS),
            "webhook_url": f"{address}/api/webhooks/worker",
            "webhook_secret": secret,
        },
    )
    call_id, gpu = str(answer["call_id"]), str(bool(answer.get("gpu"))).lower()
    await task.jobs.advance(task.job.id, "rendering", 50, metadata | {"callId": call_id})
    task.log(f"[Render] Job {task.job.id} dispatched to Modal (call_id={call_id}, gpu={gpu})")


async def _audio_in_storage(task: Task) -> str:
    """The key of the job's audio in R2; uploads it first if it is not there."""
    audio = task.job.metadata["audio"]
    if audio["type"] == "storage":
        return str(audio["key"])
    if audio["type"] == "url":
        content, content_type = await _fetch(task, audio["url"])
    else:
        content, content_type = base64.b64decode(audio["data"]), str(audio.get("contentType") or "audio/wav")
    key = f"assets/{task.job.id}/audio"
    await task.storage.put(key, content, content_type)
    return key


async def _fetch(task: Task, url: str) -> tuple[bytes, str]:
    try:
        answer = await task.network.client(60).get(url)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise RenderFailed(f"The audio cannot be fetched: {_reason(error)}") from None
    if answer.status_code != 200:
        raise RenderFailed(f"The audio cannot be fetched: {answer.status_code}")
    if len(answer.content) > LARGEST:
        raise RenderFailed("The audio is larger than 500 MB")
    return answer.content, answer.headers.get("content-type", "application/octet-stream")


async def _submit(task: Task, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST to the submit endpoint. Modal's app refuses with HTTP 200: what counts is in the body."""
    try:
        answer = await task.network.client(SUBMIT_SECONDS).post(endpoint, json=body)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise RenderFailed(f"Modal dispatch failed: {_reason(error)}") from None
    try:
        content = answer.json()
    except ValueError:
        content = None
    if answer.is_error or not isinstance(content, dict):
        text = answer.text
        # FastAPI quotes a body that it cannot use; the job's error is for anyone to read.
        for secret in (body["auth_token"], body["webhook_secret"]):
            text = text.replace(secret, "…")
        raise RenderFailed(f"Modal dispatch failed: HTTP {answer.status_code} {text[:200]}")
    if content.get("error") or not content.get("call_id"):
        problem = content.get("error") or "no call_id"
        raise RenderFailed(f"Modal dispatch failed: {content.get('status', '')} {problem}")
    return content


def _reason(error: httpx.TransportError | httpx.InvalidURL) -> str:
    return reason(error) if isinstance(error, httpx.TransportError) else str(error)
