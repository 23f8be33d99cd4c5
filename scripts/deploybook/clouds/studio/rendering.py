"""Render to video on Modal, and the callbacks that end it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from pydantic import SecretStr

from deploybook.clouds.modal import endpoint
from deploybook.clouds.negative import Reply, require_accepted, require_refused
from deploybook.clouds.studio.audio import mp4_boxes
from deploybook.clouds.studio.client import JSON, Answer, refusal
from deploybook.clouds.studio.inventory import job_rows
from deploybook.clouds.studio.journey import Journey
from deploybook.clouds.studio.refusals import IN_THE_CODE, NOT_RUN_HERE, answered, job_routes_failed
from deploybook.clouds.studio.uploads import UNKNOWN_JOB
from deploybook.errors import DeploybookError, NotTested, VerificationFailed

UNAUTHORIZED = refusal(401)
WEBHOOK = "/api/webhooks/worker"
SECRET_HINT = "Compare INTERNAL_WEBHOOK_SECRET on Vercel and Render: deploybook run vercel render --mode apply."
MODAL_HINT = "Compare MODAL_ENDPOINT_URL and MODAL_AUTH_TOKEN on Render, and the Modal app: deploybook run modal render --mode apply."
TIMEOUT_HINT = "Set WORKER_DEFAULT_TIMEOUT_MS above the longest render: deploybook run render --mode apply."
# The smallest there is: flat, full HD, which the application renders without a GPU.
OUTPUT = {"outputFormat": "flat-1080p-landscape", "fps": 30}
COST = (
    "a render of one second of sound is started on Modal: 4 CPU cores and 4 GiB for the minutes that it takes,"
    " an hour at most, at Modal's prices; -p render false leaves it out"
)
# Modal starts a container and in it the app and a browser: minutes on a cold day.
RENDER_SECONDS = 900.0
# After so long Modal is asked itself: a call that has failed there and did not call back is waited for in vain.
FIRST_LOOK_SECONDS = 15.0
# A callback that was sent as the call failed has come by then.
CALLBACK_SECONDS = 5.0
DISPATCHED = "dispatched-to-modal"


def render(journey: Journey) -> str:
    """A render goes web app → worker → Modal → R2 → callback, and a valid MP4 comes back."""
    if not journey.playback_url:
        raise NotTested("there is no URL to render from: the upload or its playback failed")
    audio = {"type": "url", "url": journey.playback_url, "filename": journey.filename}
    answer = journey.studio.call("ask for a render", "POST", "/api/render", json={"audio": audio, **OUTPUT})
    job = str(answer.data.get("jobId") or "")
    if answer.status >= 500:
        raise job_routes_failed("The web app on Vercel does not accept a render job", answer)
    if answer.status != 200 or not job:
        raise answered(
            "The web app on Vercel does not accept a render job", answer, "Look at its runtime log.", "app-errors"
        )
    ended = journey.poll(job, FIRST_LOOK_SECONDS)
    if _is_at_modal(ended):
        _require_alive(journey, job)
        ended = journey.poll(job, min(RENDER_SECONDS, 4 * journey.job_seconds))
    if ended.status != 200 or ended.body.get("status") != "complete":
        raise _render_failed(journey, job, ended)
    return _valid_video(journey, ended)


def render_reads_no_files(journey: Journey) -> str:
    """A render takes no path of the web app's own file system: whoever could give one could read its secrets."""
    audio = {"type": "path", "path": f"/nonexistent/{journey.filename}"}
    ask = partial(journey.studio.call, "ask for a render", "POST", "/api/render", json={"audio": audio, **OUTPUT})
    message = "The web app on Vercel accepts a path in its own file system as a render's audio, from anyone."
    fault = VerificationFailed(message, IN_THE_CODE, "render-reads-files", "400", "it looked for the file")
    # A file that it looks for and does not find is an error of its own; whatever it says, it was not the path that was refused.
    require_refused("a path of its own", partial(_reply, ask), refusal(400), fault, _looked_for_the_file)
    return "400"


def _looked_for_the_file(reply: Reply) -> bool:
    return reply.code == JSON and (reply.status in {200, 404} or reply.status >= 500)


def callbacks_are_refused(journey: Journey) -> str:
    """A callback without the secret, with a wrong one, or with one that only begins like it is answered 401.

    White space at the end of a header's value can't be sent at all: HTTP strips it (RFC 9110 §5.5).
    """
    require_accepted("the vault's secret", lambda: callbacks_are_accepted(journey))
    right = journey.webhook_secret.get_secret_value()
    wrong = {"no secret": None, "a wrong secret": secrets.token_hex(32), "a longer one": f"{right}x"}
    for name, value in wrong.items():
        attempt = partial(_callback, journey, None if value is None else SecretStr(value))
        message = f"The web app on Vercel accepts a callback with {name}."
        fault = VerificationFailed(message, SECRET_HINT, "webhook-401", "401", "404, as the right one")
        # The right secret gets as far as the job, which is not there.
        require_refused(f"a callback with {name}", partial(_reply, attempt), UNAUTHORIZED, fault, _reaches_the_job)
    return "401 for none, a wrong one, and one that is longer"


def _reply(attempt: Callable[[], Answer]) -> Reply:
    return attempt().reply()


def _reaches_the_job(reply: Reply) -> bool:
    return reply.status in {200, 404} and bool(reply.code)


def callbacks_are_accepted(journey: Journey) -> str:
    """The vault's secret is the web app's: a callback for a job that never was gets as far as 404."""
    answer = _callback(journey, journey.webhook_secret)
    if answer.status == 401 or (answer.status == 500 and "secret" in answer.error.lower()):
        message = "The web app on Vercel does not accept the vault's INTERNAL_WEBHOOK_SECRET"
        raise answered(message, answer, SECRET_HINT, "webhook-401")
    if answer.status >= 500:
        raise job_routes_failed("The web app on Vercel cannot look up a callback's job", answer)
    if answer.status != 404:
        message = "The web app on Vercel does not answer 404 to a callback for an unknown job"
        raise answered(message, answer, SECRET_HINT, "end-to-end")
    return "404 for a job that never was"


def _callback(journey: Journey, secret: SecretStr | None) -> Answer:
    headers = {} if secret is None else {"Authorization": f"Bearer {secret.get_secret_value()}"}
    body = {"jobId": UNKNOWN_JOB, "status": "failed", "error": "deploybook check"}
    return journey.studio.call("call back", "POST", WEBHOOK, json=body, headers=headers)


def _valid_video(journey: Journey, ended: Answer) -> str:
    url = ended.body.get("downloadUrl")
    if not url:
        message, hint = (
            "The web app on Vercel returns no URL for the finished video",
            "Compare the R2 variables on Vercel.",
        )
        raise answered(message, ended, hint, "playback")
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
    seconds = (ended.body.get("result") or {}).get("durationSeconds")
    return (
        f"{len(video.content)} bytes, {' '.join(boxes)}{f', {seconds:g} s' if isinstance(seconds, int | float) else ''}"
    )


def _render_failed(journey: Journey, job: str, ended: Answer) -> VerificationFailed:
    status, stage = ended.body.get("status"), str(ended.body.get("stage") or "")
    error = str(ended.body.get("error") or ended.error).rstrip(".")
    if status == "failed":
        return _failed_with(error, f"The render failed: {error} (stage {stage or 'unknown'}).")
    if _is_at_modal(ended):
        _require_alive(journey, job)
    if status == "pending":
        return VerificationFailed("The worker on Render did not pick up the render.", MODAL_HINT, "worker-idle")
    rendered = journey.rendered(job)
    if rendered:
        return VerificationFailed(
            "Modal finished the video, but its callback did not reach the web app on Vercel.",
            f"{SECRET_HINT} Compare NEXT_PUBLIC_APP_URL on Render too.",
            "webhook-401",
        )
    in_bucket = "no video is in R2" if rendered is False else "R2 does not say whether its video is there"
    return VerificationFailed(
        f"The render was handed to Modal and did not finish (stage {stage or 'unknown'}); {in_bucket}.",
        "Look at the Modal app's log, and at its secret r2-credentials: deploybook run modal --mode apply.",
        "modal-dispatch",
    )


def _is_at_modal(answer: Answer) -> bool:
    """Whether a job was handed over and has not ended; its last stage stays when it has."""
    return answer.body.get("status") == "processing" and answer.body.get("stage") == DISPATCHED


def _require_alive(journey: Journey, job: str) -> None:
    """Raise if Modal, asked itself, says that the render has failed; NotTested if its function is one that the sandbox does not run."""
    row = next((row for row in job_rows(journey.database) if row.id == job), None)
    call = row.result.get("modalCallId") if row else None
    if not call or not journey.status_url:
        return
    answer: Mapping[str, Any] = {}
    with suppress(DeploybookError):
        answer = endpoint.status(journey.status_url, str(call))
    if answer.get("status") != "failed":
        return
    error = str(answer.get("error") or "").rstrip(".")
    if error.startswith(NOT_RUN_HERE):
        raise NotTested(
            f"the render went as far as Modal, whose function needs what is not here ({error.removeprefix(NOT_RUN_HERE)})"
        )
    if journey.poll(job, CALLBACK_SECONDS).body.get("status") != "processing":
        return
    raise VerificationFailed(
        f"Modal's call failed and the web app was not informed: {error} (stage {DISPATCHED}).",
        "Look at the Modal app's log: the error was raised in the render app.",
        "modal-dispatch",
    )


def _failed_with(error: str, message: str) -> VerificationFailed:
    """The entry that explains a render which failed with these words."""
    if "audio_url or audio_base64 is required" in error:
        hint = f"Worker and render app name the audio's field differently. {IN_THE_CODE}"
        return VerificationFailed(message, hint, "modal-fields")
    if error.startswith("Timeout: job exceeded"):
        return VerificationFailed(message, TIMEOUT_HINT, "render-timeout")
    return VerificationFailed(message, MODAL_HINT, "modal-dispatch")
