"""Render to video on Modal's GPU, and the callbacks that end it."""

from __future__ import annotations

import base64
import secrets

from pydantic import SecretStr

from deploybook.clouds.studio.audio import mp4_boxes
from deploybook.clouds.studio.client import Answer
from deploybook.clouds.studio.journey import Journey
from deploybook.errors import VerificationFailed

WEBHOOK = "/api/webhooks/worker"
UNKNOWN_JOB = "00000000-0000-4000-8000-000000000000"
SECRET_HINT = "Compare INTERNAL_WEBHOOK_SECRET on Vercel and Render: deploybook run vercel render --mode apply."
MODAL_HINT = "Compare MODAL_ENDPOINT_URL and MODAL_AUTH_TOKEN on Render, and the Modal app: deploybook run modal render --mode apply."
# Modal starts a container and a GPU before the first render: minutes on a cold day.
RENDER_SECONDS = 600.0


def render(journey: Journey) -> str:
    """A render goes web app → worker → Modal → R2 → webhook, and a valid MP4 comes back."""
    audio = {"type": "base64", "data": base64.b64encode(journey.audio).decode(), "contentType": "audio/wav"}
    body = {"audio": audio, "outputFormat": "mp4", "fps": 10, "width": 64, "height": 64}
    answer = journey.studio.call("ask for a render", "POST", "/api/render", json=body)
    job = str(answer.data.get("jobId") or "")
    if answer.status != 200 or not job:
        raise _said("The web app on Vercel takes no render", answer, "Look at its runtime log.", "app-errors")
    journey.jobs.append(job)
    journey.keys.append(f"renders/{job}/output.mp4")
    ended = journey.poll(job, min(RENDER_SECONDS, 4 * journey.job_seconds))
    if ended.status != 200 or ended.body.get("status") != "complete":
        raise _render_failed(journey, job, ended)
    return _valid_video(journey, ended)


def callbacks_are_refused(journey: Journey) -> str:
    """A callback without the secret, with a wrong one, or with one that only begins like it is answered 401.

    White space at the end of a header's value can't be sent at all: HTTP strips it (RFC 9110 §5.5).
    """
    right = journey.webhook_secret.get_secret_value()
    wrong = {"no secret": None, "a wrong secret": secrets.token_hex(32), "a longer one": f"{right}x"}
    for name, value in wrong.items():
        answer = _callback(journey, None if value is None else SecretStr(value))
        if answer.status == 500:
            raise _said("The web app on Vercel has no INTERNAL_WEBHOOK_SECRET", answer, SECRET_HINT, "webhook-401")
        if answer.status != 401:
            raise _said(f"The web app on Vercel accepts a callback with {name}", answer, SECRET_HINT, "webhook-401")
    return "401 for none, a wrong one, and one that is longer"


def callbacks_are_accepted(journey: Journey) -> str:
    """The vault's secret is the web app's: a callback for a job that never was gets as far as 404."""
    answer = _callback(journey, journey.webhook_secret)
    if answer.status in {401, 500}:
        raise _said(
            "The web app on Vercel does not accept the vault's INTERNAL_WEBHOOK_SECRET",
            answer,
            SECRET_HINT,
            "webhook-401",
        )
    if answer.status != 404:
        raise _said(
            "The web app on Vercel does not answer 404 to a callback for an unknown job",
            answer,
            SECRET_HINT,
            "end-to-end",
        )
    return "404 for a job that never was"


def _callback(journey: Journey, secret: SecretStr | None) -> Answer:
    headers = {} if secret is None else {"Authorization": f"Bearer {secret.get_secret_value()}"}
    body = {"jobId": UNKNOWN_JOB, "status": "failed", "error": "deploybook check"}
    return journey.studio.call("call back", "POST", WEBHOOK, json=body, headers=headers)


def _valid_video(journey: Journey, ended: Answer) -> str:
    url = ended.body.get("downloadUrl") or (ended.body.get("result") or {}).get("downloadUrl")
    if not url:
        raise _said(
            "The web app on Vercel gives no URL for the finished video",
            ended,
            "Compare the R2 variables on Vercel.",
            "playback",
        )
    video = journey.studio.storage("download the video", "GET", url)
    boxes = mp4_boxes(video.content)
    if video.status_code != 200 or "ftyp" not in boxes or "moov" not in boxes:
        raise VerificationFailed(
            "The rendered video is not an MP4 file.",
            "Look at the Modal app's log.",
            "modal-dispatch",
            "boxes ftyp and moov",
            f"{video.status_code}, {', '.join(boxes) or 'no boxes'}",
        )
    return f"{len(video.content)} bytes, {' '.join(boxes)}"


def _render_failed(journey: Journey, job: str, ended: Answer) -> VerificationFailed:
    status, stage = ended.body.get("status"), str(ended.body.get("stage") or "")
    error = str(ended.body.get("error") or ended.error).rstrip(".")
    if status == "failed":
        return VerificationFailed(
            f"The render failed: {error} (stage {stage or 'unknown'}).", MODAL_HINT, "modal-dispatch"
        )
    if status == "pending":
        return VerificationFailed("The worker on Render did not pick up the render.", MODAL_HINT, "worker-idle")
    if journey.rendered(job):
        return VerificationFailed(
            "Modal finished the video, but its callback did not reach the web app on Vercel.",
            f"{SECRET_HINT} Compare NEXT_PUBLIC_APP_URL on Render too.",
            "webhook-401",
        )
    return VerificationFailed(
        f"The render was handed to Modal and did not end (stage {stage or 'unknown'}); no video is in R2.",
        "Look at the Modal app's log, and at its secret r2-credentials: deploybook run modal --mode apply.",
        "modal-dispatch",
    )


def _said(message: str, answer: Answer, hint: str, entry: str) -> VerificationFailed:
    said = f": {answer.error.rstrip('.')}" if answer.error else ""
    return VerificationFailed(f"{message}{said} ({answer.status}).", hint, entry)
