"""A variable that is missing or wrong on Vercel is felt, as it would be in production: where, and in which words."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.clients.render_app import two_seconds_of_silence
from tests.sample_app.stack import Stack

pytestmark = pytest.mark.xdist_group("studio-web")

WAV = two_seconds_of_silence()
RENDER = {
    "audio": {"type": "url", "url": "https://example.com/a.wav"},
    "outputFormat": "flat-1080p-landscape",
    "fps": 30,
}
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def upload(stack: Stack) -> httpx.Response:
    """The answer to the PUT of a two-step upload."""
    body = {"key": "assets/check/tone.wav", "contentType": "audio/wav", "size": len(WAV)}
    url = stack.ask("POST", "/api/storage/upload", json=body)["uploadUrl"]
    return stack.browser.put(url, content=WAV, headers={"Content-Type": "audio/wav"})


def failure(answer: httpx.Response, status: int = 500) -> str:
    """The message of an answer that must be an error of its route's shape."""
    assert answer.status_code == status, answer.text
    error: Any = answer.json()["error"]
    return str(error["message"] if isinstance(error, dict) else error)


def ingest(stack: Stack) -> httpx.Response:
    files = {"file": ("a.wav", WAV, "audio/wav")}
    return stack.call("POST", "/api/audio/ingest", files=files, data={"type": "audio_file"})


@pytest.mark.parametrize("name", ["R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY"])
def test_key_missing(stack: Stack, name: str) -> None:
    stack.use(web={name: None})
    message = "Resolved credential object is not valid"
    body = {"key": "assets/check.wav", "contentType": "audio/wav", "size": 1}
    assert failure(stack.call("POST", "/api/storage/upload", json=body)) == "Failed to generate upload URL"
    assert failure(stack.call("GET", "/api/storage/download", params={"key": "assets/a"})) == "Download failed"
    assert failure(ingest(stack)) == message
    assert f"[storage/upload] POST error: {message}" in stack.web_log()


@pytest.mark.parametrize("value", [None, "0" * 32])
def test_account_missing_or_wrong(stack: Stack, value: str | None) -> None:
    stack.use()
    # Now there is an open connection to R2, whose certificate was the right account's.
    assert ingest(stack).status_code == 200
    stack.use(web={"R2_ACCOUNT_ID": value})
    with pytest.raises(httpx.ConnectError):
        upload(stack)
    assert failure(ingest(stack)).startswith("R2 cannot be reached: ")


@pytest.mark.parametrize(
    ("name", "value", "status", "code"),
    [
        ("R2_SECRET_ACCESS_KEY", "0" * 64, 403, "SignatureDoesNotMatch"),
        ("R2_ACCESS_KEY_ID", "0" * 32, 401, "Unauthorized"),
        ("R2_BUCKET_NAME", "another-bucket", 403, "AccessDenied"),
        # The application goes on with a name that stands in its source.
        ("R2_BUCKET_NAME", None, 403, "AccessDenied"),
    ],
)
def test_r2_variable_wrong(stack: Stack, name: str, value: str | None, status: int, code: str) -> None:
    stack.use(web={name: value})
    put = upload(stack)
    assert put.status_code == status, put.text
    assert f"<Code>{code}</Code>" in put.text, put.text
    message = failure(ingest(stack))
    assert message == f"R2 refused LIST assets/: {status} {code}"


def test_without_the_choice_of_checksums_an_upload_of_anything_is_refused(stack: Stack) -> None:
    stack.use(web={"AWS_REQUEST_CHECKSUM_CALCULATION": None})
    body = {"key": "assets/check/tone.wav", "contentType": "audio/wav", "size": len(WAV)}
    url = httpx.URL(stack.ask("POST", "/api/storage/upload", json=body)["uploadUrl"])
    assert url.params["x-amz-checksum-crc32"] == "AAAAAA=="
    assert url.params["x-amz-sdk-checksum-algorithm"] == "CRC32"
    put = stack.browser.put(url, content=WAV, headers={"Content-Type": "audio/wav"})
    assert put.status_code == 400
    assert "<Code>BadDigest</Code>" in put.text
    assert stack.browser.put(url, content=b"", headers={"Content-Type": "audio/wav"}).status_code == 200
    assert ingest(stack).status_code == 200


def test_a_choice_of_checksums_that_there_is_not(stack: Stack) -> None:
    stack.use(web={"AWS_REQUEST_CHECKSUM_CALCULATION": "NEVER"})
    assert failure(ingest(stack)).startswith("Cannot load env 'AWS_REQUEST_CHECKSUM_CALCULATION'")


def test_one_attempt_is_too_few_for_an_object_that_is_written_twice_a_second(stack: Stack) -> None:
    stack.use(web={"AWS_MAX_ATTEMPTS": "1"})
    ended = stack.ended(stack.ingest(WAV))
    assert ended["status"] == "failed"
    assert ended["error"].endswith("/metadata.json: 429 TooManyRequests")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"TURSO_DATABASE_URL": None}, "URL_INVALID: The URL 'undefined' is not in a valid format"),
        ({"TURSO_DATABASE_URL": "postgres://127.0.0.1"}, "URL_INVALID: "),
        ({"TURSO_DATABASE_URL": "libsql://127.0.0.1:1"}, "fetch failed"),
        ({"TURSO_AUTH_TOKEN": None}, "SERVER_ERROR: Server returned HTTP status 401"),
    ],
)
def test_turso_variable_missing_or_wrong(stack: Stack, changes: dict[str, str | None], why: str) -> None:
    stack.use(web=changes)
    for answer in (
        ingest(stack),
        stack.call("GET", f"/api/audio/jobs/{UNKNOWN}"),
        stack.call("POST", "/api/render", json=RENDER),
    ):
        assert failure(answer).startswith(why)
    assert upload(stack).status_code == 200


def test_turso_token_read_only(stack: Stack) -> None:
    stack.use(web={"TURSO_AUTH_TOKEN": stack.token(authorization="read-only")})
    assert failure(ingest(stack)) == "SERVER_ERROR: Server returned HTTP status 403"


def test_secret_that_no_header_can_hold_is_not_shown(stack: Stack) -> None:
    secret = stack.web_variables["TURSO_AUTH_TOKEN"]
    stack.use(web={"TURSO_AUTH_TOKEN": f"{secret}\nx"})
    assert failure(ingest(stack)) == "fetch failed"
    assert secret[-20:] not in stack.web_log()


def test_without_deploy_env_the_two_others_are_enough(stack: Stack) -> None:
    stack.use(web={"DEPLOY_ENV": None})
    assert upload(stack).status_code == 200
    assert stack.ended(stack.ingest(WAV))["status"] == "complete"


def test_without_all_three_everything_seems_to_work_and_nothing_arrives(stack: Stack) -> None:
    stack.use(web={"DEPLOY_ENV": None, "STORAGE_BACKEND": None, "JOB_STORE_BACKEND": None})
    body = {"key": "assets/check.wav", "contentType": "audio/wav", "size": 1}
    url = stack.ask("POST", "/api/storage/upload", json=body)["uploadUrl"]
    assert url == "http://localhost:3000/api/storage/upload?key=assets%2Fcheck.wav"
    job = stack.ingest(WAV)
    assert stack.ended(job)["status"] == "complete"
    assert job not in [row[0] for row in stack.rows("SELECT jobId FROM audio_prep_jobs")]


def test_without_storage_backend_the_function_sends_the_bytes_itself(stack: Stack) -> None:
    stack.use()
    preview = stack.preview()
    assert stack.ended(preview)["status"] == "complete"
    stack.use(web={"STORAGE_BACKEND": None})
    assert upload(stack).status_code == 200
    path, params = "/api/storage/download", {"key": "assets/check/tone.wav"}
    whole = stack.call("GET", path, params=params)
    assert whole.status_code == 200
    assert whole.content == WAV
    part = stack.call("GET", path, params=params, headers={"Range": "bytes=0-9"})
    assert part.status_code == 206
    assert part.content == WAV[:10]
    assert stack.call("GET", path, params=params, headers={"Range": "bytes=999999-"}).status_code == 416
    assert stack.call("GET", path, params={"key": "assets/absent"}).status_code == 404
    sent = stack.call("GET", f"/api/audio/edit/preview/{preview}/audio")
    assert sent.status_code == 200
    assert sent.headers["content-type"] == "audio/mpeg"


def test_render_is_taken_without_any_variable_of_modal(stack: Stack) -> None:
    stack.use(web={"MODAL_ENDPOINT_URL": None, "MODAL_AUTH_TOKEN": None})
    assert stack.call("POST", "/api/render", json=RENDER).status_code == 200


def test_webhook_secret_missing_or_another(stack: Stack) -> None:
    right = stack.web_variables["INTERNAL_WEBHOOK_SECRET"]
    body = {"jobId": UNKNOWN, "status": "failed"}
    stack.use(web={"INTERNAL_WEBHOOK_SECRET": None})
    assert stack.callback(right, **body) == (500, "Webhook secret not configured")
    assert stack.callback(None, **body)[0] == 500
    for wrong in ("0" * 64, f"{right}\n", f"{right} "):
        stack.use(web={"INTERNAL_WEBHOOK_SECRET": wrong})
        assert stack.callback(right, **body) == (401, "Unauthorized")
