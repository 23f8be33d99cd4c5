"""Jobs: the upload that the application takes in, and the preview that only the worker makes.

Looks for a job that does not move in the place where it should be, to name the part at fault.
"""

from __future__ import annotations

import re

from deploybook.clouds.studio.audio import SECONDS, is_mp3
from deploybook.clouds.studio.client import Answer
from deploybook.clouds.studio.journey import Journey
from deploybook.clouds.studio.refusals import (
    IN_THE_CODE,
    NOT_RUN_HERE,
    R2_ON_VERCEL,
    SIGNED_ON_VERCEL,
    TURSO_ON_VERCEL,
    answered,
    job_routes_failed,
    stored,
)
from deploybook.clouds.studio.uploads import PART_BYTES, same_bytes
from deploybook.errors import DeploybookError, NotTested, VerificationFailed

TURSO_ON_RENDER = (
    "Compare JOB_STORE_BACKEND, DEPLOY_ENV and the two Turso variables on Render, and look at its log:"
    " deploybook run render --mode apply."
)
R2_ON_RENDER = "Compare STORAGE_BACKEND and the four R2 variables on Render: deploybook run render --mode apply."
ATTEMPTS = "Set AWS_MAX_ATTEMPTS=8 where the job was done, and deploy again: deploybook run vercel render --mode apply."
CLIP_SECONDS = 0.5
# Node.js's message for a program that could not be started because it is not there.
ABSENT = re.compile(r"\bspawn (\S+) ENOENT\b")
# How far the length that the application measures may be from the file's.
TOLERANCE = 0.1


def ingest(journey: Journey) -> str:
    """The multipart upload makes a job, and the job lies in the vault's database."""
    files = {"file": (journey.filename, journey.audio, "audio/wav")}
    answer = journey.studio.call(
        "upload for processing", "POST", "/api/audio/ingest", files=files, data={"type": "audio_file"}
    )
    journey.job = str(answer.data.get("jobId") or "")
    if answer.status != 200 or not journey.job:
        if _storage_refused(answer.error):
            raise answered("The web app on Vercel cannot keep the file", answer, R2_ON_VERCEL, "storage-errors")
        raise job_routes_failed("The web app on Vercel does not accept a file for processing", answer)
    if journey.row(journey.job) is None:
        message = "The web app on Vercel took the job, but it is not in the vault's database."
        raise VerificationFailed(message, TURSO_ON_VERCEL, "other-database")
    return f"job {journey.job}"


def ingested(journey: Journey) -> str:
    """The job becomes an asset of the file's length. Newer releases do it in the web app: it proves nothing of the worker."""
    if not journey.job:
        raise NotTested("there is no job to wait for: the upload for processing failed")
    answer = journey.poll(journey.job, journey.job_seconds)
    if answer.status != 200:
        raise job_routes_failed("The web app on Vercel does not find its own job", answer)
    error, status = str(answer.body.get("error") or ""), answer.body.get("status")
    if status == "failed" and " 429 " in f" {error} ":
        raise _job_failed("The application", answer, ATTEMPTS, "object-rate")
    if status == "failed":
        raise _job_failed("The application", answer, R2_ON_VERCEL, "storage-errors")
    if status != "complete":
        message = f"The upload's job was not finished within {journey.job_seconds:.0f} s (status {status})."
        raise VerificationFailed(message, "Look at the web app's runtime log on Vercel.", "app-errors")
    result = answer.body.get("result") or {}
    journey.asset = str(result.get("assetId") or "")
    if not journey.asset:
        raise answered("The upload's job names no asset in its result", answer, IN_THE_CODE, "end-to-end")
    journey.assets.append(journey.asset)
    seconds = (result.get("metadata") or {}).get("duration")
    if not isinstance(seconds, int | float) or abs(seconds - SECONDS) > TOLERANCE:
        message = "The application reports a length that is not the file's."
        raise VerificationFailed(message, IN_THE_CODE, "end-to-end", f"{SECONDS:g} s", f"{seconds} s")
    return f"asset {journey.asset}, {seconds:g} s"


def asset_plays(journey: Journey) -> str:
    """The asset's own route leads to the file in R2, the same bytes."""
    _require_asset(journey)
    path = f"/api/audio/assets/{journey.asset}/stream"
    response = journey.studio.redirect("play the asset", path)
    if response.status_code != 302 or not response.headers.get("location"):
        message = "The web app on Vercel does not redirect to the asset's file"
        raise stored(message, response, R2_ON_VERCEL, "storage-errors")
    same_bytes(journey, response.headers["location"], "the asset")
    return "302, then 206 and the same bytes"


def one_asset(journey: Journey) -> str:
    """One upload has become one asset: no second process did the same job."""
    _require_asset(journey)
    answer = journey.studio.call("list the assets", "GET", "/api/audio/assets")
    if answer.status != 200 or not isinstance(answer.data.get("assets"), list):
        raise answered("The web app on Vercel does not list its assets", answer, R2_ON_VERCEL, "storage-errors")
    own = [asset["assetId"] for asset in answer.data["assets"] if asset.get("originalFilename") == journey.filename]
    journey.assets += [asset for asset in own if asset not in journey.assets]
    if len(own) != 1:
        message = "One upload did not become one asset: web app and worker both did its job."
        raise VerificationFailed(message, IN_THE_CODE, "two-assets", "1 asset", f"{len(own)} assets")
    return "1 asset"


def preview(journey: Journey) -> str:
    """A preview, which no part but the worker on Render makes: asked for, claimed, written to R2."""
    _require_asset(journey)
    clip = {"id": "c1", "sourceAssetId": journey.asset, "startTime": 0, "endTime": CLIP_SECONDS}
    recipe = {"version": 1, "assetId": journey.asset, "clips": [clip]}
    answer = journey.studio.call("ask for a preview", "POST", "/api/audio/edit/preview", json=recipe)
    journey.preview_job = str(answer.data.get("jobId") or "")
    if answer.status != 200 or not journey.preview_job:
        raise job_routes_failed("The web app on Vercel does not accept a preview job", answer)
    ended = journey.poll(journey.preview_job, journey.job_seconds)
    if ended.status != 200:
        raise job_routes_failed("The web app on Vercel does not find its own job", ended)
    if ended.body.get("status") == "pending":
        message = f"The worker on Render did not pick up the job within {journey.job_seconds:.0f} s."
        raise VerificationFailed(message, TURSO_ON_RENDER, "worker-idle")
    if ended.body.get("status") != "complete":
        raise _job_failed("The worker on Render", ended, R2_ON_RENDER, "storage-errors")
    return f"job {journey.preview_job}, stage {ended.body.get('stage') or 'done'}"


def preview_plays(journey: Journey) -> str:
    """The preview comes from R2 by the URL that the app signed, in part, and is MP3."""
    if not journey.preview_job:
        raise NotTested("there is no preview to play: none was taken")
    path = f"/api/audio/edit/preview/{journey.preview_job}/audio"
    answer = journey.studio.call("ask for the preview", "GET", path)
    if answer.status == 409:
        if NOT_RUN_HERE in str(journey.poll(journey.preview_job, 0).body.get("error") or ""):
            raise NotTested("there is no preview to play: making it needs what is not here")
        raise answered("The worker on Render has written no preview", answer, R2_ON_RENDER, "storage-errors")
    if answer.status != 200 or "downloadUrl" not in answer.data:
        raise answered("The web app on Vercel returns no URL for the preview", answer, SIGNED_ON_VERCEL, "playback")
    part = journey.studio.storage(
        "play the preview", "GET", answer.data["downloadUrl"], headers={"Range": f"bytes=0-{PART_BYTES - 1}"}
    )
    if part.status_code != 206:
        raise stored("R2 does not return a part of the preview", part, R2_ON_RENDER, "storage-errors")
    if not is_mp3(part.content):
        message = "The preview that the worker on Render wrote is not an MP3 file."
        raise VerificationFailed(message, "Look at the worker's log: its image needs ffmpeg.", "storage-errors")
    return "206, MP3"


def _require_asset(journey: Journey) -> None:
    if not journey.asset:
        raise NotTested("there is no asset to use: the upload for processing failed")


def _storage_refused(error: str) -> bool:
    """Whether the application's words are those of its storage client, and not of its job store."""
    return any(word in error for word in ("R2 ", "credential", "Access Denied", "bucket", "signature", "hostname"))


def _job_failed(who: str, answer: Answer, hint: str, entry: str) -> DeploybookError:
    error = str(answer.body.get("error") or "no reason given").rstrip(".")
    stage = answer.body.get("stage") or "unknown"
    # Only a sandbox that runs the operator's own application says so.
    if NOT_RUN_HERE in error:
        return NotTested(
            f"the job went as far as a program that is not here ({error.partition(NOT_RUN_HERE)[2].strip()})"
        )
    if absent := ABSENT.search(error):
        hint, entry = f"Install {absent[1]} in the worker's Dockerfile, and deploy it again.", "end-to-end"
    return VerificationFailed(f"{who} could not finish the job: {error} (stage {stage}).", hint, entry)
