"""Jobs: ingest, the worker's claim, preview. A job that does not move is looked for where it should lie, to name who is at fault."""

from __future__ import annotations

from deploybook.clouds.studio.client import Answer
from deploybook.clouds.studio.journey import Journey
from deploybook.clouds.studio.uploads import same_bytes
from deploybook.errors import VerificationFailed

TURSO_ON_VERCEL = (
    "Compare DEPLOY_ENV, TURSO_DATABASE_URL and TURSO_AUTH_TOKEN on Vercel: deploybook run vercel --mode apply."
)
TURSO_ON_RENDER = "Compare TURSO_DATABASE_URL and TURSO_AUTH_TOKEN on Render, and look at its log: deploybook run render --mode apply."
OWN_FAULT = "Fix what failed before it. If nothing did, report it: this is the application's."
R2_ON_RENDER = "Compare STORAGE_BACKEND and the four R2 variables on Render: deploybook run render --mode apply."


def ingest(journey: Journey) -> str:
    """The multipart upload makes a pending job, and the job lies in the vault's database."""
    files = {"file": ("deploybook-check.wav", journey.audio, "audio/wav")}
    answer = journey.studio.call(
        "upload for processing", "POST", "/api/audio/ingest", files=files, data={"type": "audio_file"}
    )
    journey.job = str(answer.data.get("jobId") or "")
    if answer.status != 200 or not journey.job:
        if "no such table" in answer.error:
            hint = "Deploy again, so that it makes the table: deploybook run vercel --mode apply with -p redeploy true."
            raise _said("The web app on Vercel has no jobs table", answer, hint, "database-schema")
        raise _said("The web app on Vercel takes no file for processing", answer, TURSO_ON_VERCEL, "app-errors")
    journey.jobs.append(journey.job)
    if journey.row(journey.job) is None:
        raise VerificationFailed(
            "The web app on Vercel took the job, but it is not in the vault's database.",
            TURSO_ON_VERCEL,
            "other-database",
        )
    return f"job {journey.job}"


def worker_finishes(journey: Journey) -> str:
    """The worker on Render claims the job and finishes it within the time limit."""
    if not journey.job:
        raise VerificationFailed(
            "There is no job to finish: the upload for processing failed.", "Fix that first.", "end-to-end"
        )
    answer = journey.poll(journey.job, journey.job_seconds)
    status = answer.body.get("status")
    if answer.status != 200:
        raise _said("The web app on Vercel does not know its own job", answer, TURSO_ON_VERCEL, "app-errors")
    if status == "pending":
        raise VerificationFailed(
            f"The worker on Render did not pick up the job within {journey.job_seconds:.0f} s.",
            TURSO_ON_RENDER,
            "worker-idle",
        )
    if status != "complete":
        raise _job_failed("The worker on Render", answer, R2_ON_RENDER, "storage-errors")
    _require_result(journey, answer)
    return f"stage {answer.body.get('stage') or 'done'}"


def preview(journey: Journey) -> str:
    """The preview that the worker wrote to R2 plays back through the web app."""
    answer = journey.studio.call("ask for the preview", "GET", f"/api/audio/edit/preview/{journey.job}/audio")
    if answer.status == 409:
        raise _said("The worker on Render has written no preview", answer, R2_ON_RENDER, "storage-errors")
    if answer.status != 200 or "downloadUrl" not in answer.data:
        hint = "Set STORAGE_BACKEND=r2 for Production on Vercel, and deploy again: deploybook run vercel --mode apply."
        raise _said("The web app on Vercel gives no preview URL", answer, hint, "playback")
    url = answer.data["downloadUrl"]
    response = journey.studio.storage("play the preview", "GET", url, headers={"Range": "bytes=0-1023"})
    if response.status_code != 206:
        raise VerificationFailed(
            f"The preview of the worker on Render is not in R2 ({response.status_code}).",
            R2_ON_RENDER,
            "storage-errors",
            "206",
        )
    return "206 for a range"


def unknown_jobs_are_refused(journey: Journey) -> str:
    """A job that never was is answered 404, from the database."""
    answer = journey.studio.call(
        "ask for a job that never was", "GET", "/api/audio/jobs/00000000-0000-4000-8000-000000000000"
    )
    if answer.status != 404:
        raise _said("The web app on Vercel does not answer 404 for an unknown job", answer, OWN_FAULT, "end-to-end")
    return "404"


def _require_result(journey: Journey, answer: Answer) -> None:
    result = answer.body.get("result") or {}
    duration = result.get("duration") if isinstance(result, dict) else None
    if duration is not None and not 0.9 <= float(duration) <= 1.1:
        raise VerificationFailed(
            "The worker on Render measured another length than the file has.",
            R2_ON_RENDER,
            "storage-errors",
            "1 s",
            f"{duration} s",
        )
    if answer.body.get("downloadUrl"):
        same_bytes(journey, answer.body["downloadUrl"], "the uploaded file")


def _said(message: str, answer: Answer, hint: str, entry: str) -> VerificationFailed:
    said = f": {answer.error.rstrip('.')}" if answer.error else ""
    return VerificationFailed(f"{message}{said} ({answer.status}).", hint, entry)


def _job_failed(who: str, answer: Answer, hint: str, entry: str) -> VerificationFailed:
    error = str(answer.body.get("error") or "no reason given").rstrip(".")
    stage = answer.body.get("stage") or "unknown"
    return VerificationFailed(f"{who} could not finish the job: {error} (stage {stage}).", hint, entry)
