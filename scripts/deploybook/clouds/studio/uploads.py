"""Page, API, upload and playback: what each step proves, and which part is at fault when it fails."""

from __future__ import annotations

from deploybook.clouds.negative import require_accepted, require_refused
from deploybook.clouds.studio.client import Answer, refusal
from deploybook.clouds.studio.journey import Journey
from deploybook.clouds.studio.refusals import (
    IN_THE_CODE,
    R2_ON_VERCEL,
    SIGNED_ON_VERCEL,
    answered,
    job_routes_failed,
    stored,
)
from deploybook.errors import VerificationFailed

# How the application refuses a key that is none of its own.
BAD_KEY = refusal(400)
UNKNOWN_JOB = "00000000-0000-4000-8000-000000000000"
CHECKSUM = "Set AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED on Vercel: deploybook run vercel --mode apply."
PART_BYTES = 1024


def page(journey: Journey) -> str:
    """The page answers 200. It is made in the browser: that it is there says nothing of the API."""
    answer = journey.studio.page()
    if answer.status_code != 200:
        message, hint = "The web app on Vercel does not answer its page.", "Look at the runtime log on Vercel."
        raise VerificationFailed(message, hint, "app-errors", "200", str(answer.status_code))
    return "200"


def api_answers(journey: Journey) -> str:
    """A job that never was is answered 404, from the database: routes, job store and its table work."""
    answer = journey.studio.call("ask for a job that never was", "GET", f"/api/audio/jobs/{UNKNOWN_JOB}")
    if answer.status >= 500:
        raise job_routes_failed("The job routes of the web app on Vercel fail", answer)
    if answer.status != 404 or not answer.error:
        message = "The web app on Vercel does not answer 404 for an unknown job"
        raise answered(message, answer, IN_THE_CODE, "end-to-end")
    return "404, from the job store"


def upload_from_a_page(journey: Journey) -> str:
    """The two-step upload as a browser does it: the URL as the app signed it, CORS preflight, PUT to R2."""
    url, origin = _signed(journey), journey.studio.url
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = journey.studio.storage("send the preflight", "OPTIONS", url, headers=headers)
    put = journey.studio.storage(
        "upload", "PUT", url, content=journey.audio, headers={"Content-Type": "audio/wav", "Origin": origin}
    )
    refused = "R2 refuses the upload URL that the web app on Vercel signed"
    if put.status_code == 400 and "<Code>BadDigest</Code>" in put.text:
        raise stored(refused, put, CHECKSUM, "upload-checksum")
    # The PUT is judged first: with wrong credentials or another bucket the preflight fails as well, and says less.
    if put.status_code != 200:
        raise stored(refused, put, R2_ON_VERCEL, "storage-errors")
    if preflight.headers.get("access-control-allow-origin") not in {origin, "*"}:
        hint = "Bring the bucket's CORS rule up to the app's origin: deploybook run vercel --mode apply."
        raise stored("R2 does not let the app's pages upload (CORS)", preflight, hint, "cors")
    return "URL as the app signed it, preflight, PUT"


def playback(journey: Journey) -> str:
    """A signed URL from the app gives the same bytes back, and a part of them with 206."""
    answer = _ask_to_download(journey, journey.key)
    if answer.status != 200 or "downloadUrl" not in answer.data:
        raise answered("The web app on Vercel returns no playback URL", answer, SIGNED_ON_VERCEL, "playback")
    journey.playback_url = answer.data["downloadUrl"]
    same_bytes(journey, journey.playback_url, "the uploaded file")
    return "206 for a range, the same bytes"


def same_bytes(journey: Journey, url: str, source: str) -> None:
    """Raise unless the URL gives the uploaded audio, whole and in part."""
    part = journey.studio.storage("play back", "GET", url, headers={"Range": f"bytes=0-{PART_BYTES - 1}"})
    if part.status_code != 206:
        raise stored(f"R2 does not return a part of {source}", part, R2_ON_VERCEL, "playback")
    whole = journey.studio.storage("play back", "GET", url)
    if part.content != journey.audio[:PART_BYTES] or whole.content != journey.audio:
        message, sizes = f"Playback returns other bytes than {source}.", (len(journey.audio), len(whole.content))
        raise VerificationFailed(message, R2_ON_VERCEL, "playback", *map(str, sizes))


def bad_keys_are_refused(journey: Journey) -> str:
    """The app signs no URL for a key outside ``assets/`` and ``renders/``, to write or to read."""
    require_accepted("a key in assets/", lambda: _signed(journey))
    key = f"secrets/{journey.name}"
    message = "The web app on Vercel signs a URL for a key outside assets/ and renders/."
    fault = VerificationFailed(message, IN_THE_CODE, "end-to-end", str(BAD_KEY), "200")
    require_refused("a key outside assets/", lambda: _ask_to_upload(journey, key).reply(), BAD_KEY, fault)
    require_refused("a key outside assets/", lambda: _ask_to_download(journey, key).reply(), BAD_KEY, fault)
    return "400 to write, 400 to read"


def _signed(journey: Journey) -> str:
    """The upload URL that the app signs for the check's own key."""
    answer = _ask_to_upload(journey, journey.key)
    if answer.status != 200 or "uploadUrl" not in answer.data:
        raise answered("The web app on Vercel returns no upload URL", answer, R2_ON_VERCEL, "storage-errors")
    return str(answer.data["uploadUrl"])


def _ask_to_upload(journey: Journey, key: str) -> Answer:
    body = {"key": key, "contentType": "audio/wav", "size": len(journey.audio)}
    return journey.studio.call("ask for an upload URL", "POST", "/api/storage/upload", json=body)


def _ask_to_download(journey: Journey, key: str) -> Answer:
    return journey.studio.call("ask for a download URL", "GET", "/api/storage/download", params={"key": key})
