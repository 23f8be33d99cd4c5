"""Upload and playback: what each step proves, and whose fault it is when it fails."""

from __future__ import annotations

import re

import httpx

from deploybook.clouds.studio.client import Answer
from deploybook.clouds.studio.journey import Journey
from deploybook.errors import VerificationFailed

CANONICAL = re.compile(r"""<link[^>]+rel=["']?canonical["']?[^>]*href=["']([^"']+)["']""", re.IGNORECASE)
CHECKSUM = "Set AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED on Vercel: deploybook run vercel --mode apply."
R2_ON_VERCEL = "Compare the four R2 variables on Vercel: deploybook run vercel --mode apply."


def page(journey: Journey) -> str:
    """The page answers 200 and knows its own address: the deployment that serves has ``NEXT_PUBLIC_APP_URL``."""
    answer = journey.studio.page()
    if answer.status_code != 200:
        raise _web(
            "The web app on Vercel does not answer its page.",
            "Look at the runtime log on Vercel.",
            "app-errors",
            200,
            answer.status_code,
        )
    match = CANONICAL.search(answer.text)
    if match and match[1].rstrip("/") != journey.studio.url:
        hint = "Set it for Production on Vercel, and deploy again: deploybook run vercel --mode apply."
        raise _web(
            "The web app on Vercel has another NEXT_PUBLIC_APP_URL.", hint, "app-errors", journey.studio.url, match[1]
        )
    return "200" + (", and it knows its address" if match else "")


def upload_from_a_page(journey: Journey) -> str:
    """The two-step upload as a browser does it: URL from the app, CORS preflight, PUT to R2."""
    body = {"key": journey.key, "contentType": "audio/wav", "size": len(journey.audio)}
    answer = journey.studio.call("ask for an upload URL", "POST", "/api/storage/upload", json=body)
    if answer.status != 200 or "uploadUrl" not in answer.data:
        raise _refused("The web app on Vercel gives no upload URL", answer, R2_ON_VERCEL, "storage-errors")
    url, origin = answer.data["uploadUrl"], journey.studio.url
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = journey.studio.storage("send the preflight", "OPTIONS", url, headers=headers)
    put = journey.studio.storage(
        "upload", "PUT", url, content=journey.audio, headers={"Content-Type": "audio/wav", "Origin": origin}
    )
    if put.status_code == 400 and "<Code>BadDigest</Code>" in put.text:
        raise _stored("R2 refuses the upload URL that the web app on Vercel signed", put, CHECKSUM, "upload-checksum")
    # The PUT is judged first: with wrong credentials or another bucket the preflight fails as well, and says less.
    if put.status_code != 200:
        raise _stored(
            "R2 refuses the upload URL that the web app on Vercel signed", put, R2_ON_VERCEL, "storage-errors"
        )
    if preflight.headers.get("access-control-allow-origin") not in {origin, "*"}:
        hint = "Bring the bucket's CORS rule up to the app's origin: deploybook run vercel --mode apply."
        raise _stored("R2 does not let the app's pages upload (CORS)", preflight, hint, "cors")
    return "URL, preflight, PUT"


def playback(journey: Journey) -> str:
    """A signed URL from the app gives the same bytes back, and a part of them with 206."""
    answer = journey.studio.call("ask for a download URL", "GET", "/api/storage/download", params={"key": journey.key})
    if answer.status != 200 or "downloadUrl" not in answer.data:
        hint = "Set STORAGE_BACKEND=r2 for Production on Vercel, and deploy again: deploybook run vercel --mode apply."
        raise _refused("The web app on Vercel gives no playback URL", answer, hint, "playback")
    same_bytes(journey, answer.data["downloadUrl"], "the uploaded file")
    return "206 for a range, the same bytes"


def same_bytes(journey: Journey, url: str, what: str) -> None:
    """Raise unless the URL gives the uploaded audio, whole and in part."""
    part = journey.studio.storage("play back", "GET", url, headers={"Range": "bytes=0-1023"})
    if part.status_code != 206:
        raise _stored(f"R2 does not give a part of {what}", part, R2_ON_VERCEL, "playback")
    whole = journey.studio.storage("play back", "GET", url)
    if part.content != journey.audio[:1024] or whole.content != journey.audio:
        raise _web(
            f"Playback gives other bytes than {what}.", R2_ON_VERCEL, "playback", len(journey.audio), len(whole.content)
        )


def bad_keys_are_refused(journey: Journey) -> str:
    """The app signs no URL for a key outside ``assets/`` and ``renders/``."""
    body = {"key": "secrets/deploybook-check", "contentType": "audio/wav", "size": 1}
    answer = journey.studio.call("ask for an upload URL", "POST", "/api/storage/upload", json=body)
    if answer.status not in {400, 403, 422}:
        raise _refused(
            "The web app on Vercel signs a URL for a key outside assets/",
            answer,
            "Report it: this is the application's.",
            "end-to-end",
        )
    return str(answer.status)


def _web(message: str, hint: str, entry: str, expected: object, actual: object) -> VerificationFailed:
    return VerificationFailed(message, hint, entry, str(expected), str(actual))


def _refused(message: str, answer: Answer, hint: str, entry: str) -> VerificationFailed:
    said = f": {answer.error.rstrip('.')}" if answer.error else ""
    return VerificationFailed(f"{message}{said} ({answer.status}).", hint, entry)


def _stored(message: str, response: httpx.Response, hint: str, entry: str) -> VerificationFailed:
    code = re.search(r"<Code>([^<]+)</Code>", response.text)
    return VerificationFailed(f"{message} ({response.status_code}{', ' + code[1] if code else ''}).", hint, entry)
