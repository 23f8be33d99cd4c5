"""A variable that is missing or wrong on Vercel is felt, as it would be in production: where, and in which words."""

from __future__ import annotations

import httpx
import pytest
from tests.clients.render_app import two_seconds_of_silence
from tests.sample_app.stack import R2, Stack

pytestmark = pytest.mark.xdist_group("studio-web")

WAV = two_seconds_of_silence()
STORED = {"audio": {"type": "storage", "key": "assets/check.wav"}}
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def upload(stack: Stack) -> httpx.Response:
    """The answer to the PUT of a two-step upload."""
    body = {"key": "assets/check.wav", "contentType": "audio/wav", "size": len(WAV)}
    url = stack.ask("POST", "/api/storage/upload", json=body)["uploadUrl"]
    return stack.browser.put(url, content=WAV, headers={"Content-Type": "audio/wav"})


def failure(answer: httpx.Response, status: int = 500) -> str:
    """The error of an answer that must be one."""
    assert answer.status_code == status, answer.text
    assert answer.json()["success"] is False
    return str(answer.json()["error"])


def ingest(stack: Stack) -> httpx.Response:
    files = {"file": ("a.wav", WAV, "audio/wav")}
    return stack.call("POST", "/api/audio/ingest", files=files, data={"type": "audio_file"})


@pytest.mark.parametrize("name", R2)
def test_r2_variable_missing(stack: Stack, name: str) -> None:
    stack.use(web={name: None})
    said = f"Storage is not configured: {name} is missing"
    body = {"key": "assets/check.wav", "contentType": "audio/wav", "size": 1}
    assert failure(stack.call("POST", "/api/storage/upload", json=body)) == said
    assert failure(ingest(stack)) == said
    assert failure(stack.call("GET", "/api/storage/download", params={"key": "assets/check.wav"})) == said
    assert f"[Storage] {said}" in stack.web_log()


@pytest.mark.parametrize(
    ("name", "value", "status", "code"),
    [
        ("R2_SECRET_ACCESS_KEY", "0" * 64, 403, "SignatureDoesNotMatch"),
        ("R2_ACCESS_KEY_ID", "0" * 32, 401, "Unauthorized"),
        ("R2_BUCKET_NAME", "another-bucket", 403, "AccessDenied"),
    ],
)
def test_r2_variable_wrong(stack: Stack, name: str, value: str, status: int, code: str) -> None:
    stack.use(web={name: value})
    put = upload(stack)
    assert (put.status_code, f"<Code>{code}</Code>" in put.text) == (status, True), put.text
    said = failure(ingest(stack))
    assert said.startswith("R2 refused PUT assets/")
    assert said.endswith(f": {status} {code}")
    assert f"[Storage] {said}" in stack.web_log()


def test_without_the_choice_of_checksums_an_upload_of_anything_is_refused(stack: Stack) -> None:
    stack.use(web={"AWS_REQUEST_CHECKSUM_CALCULATION": None})
    body = {"key": "assets/check.wav", "contentType": "audio/wav", "size": len(WAV)}
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


def test_r2_account_wrong(stack: Stack) -> None:
    stack.use()
    # Now there is an open connection to R2, whose certificate was the right account's.
    assert ingest(stack).status_code == 200
    stack.use(web={"R2_ACCOUNT_ID": "0" * 32})
    with pytest.raises(httpx.ConnectError, match="Hostname mismatch"):
        upload(stack)
    assert failure(ingest(stack)).startswith("R2 cannot be reached: [SSL: CERTIFICATE_VERIFY_FAILED]")


@pytest.mark.parametrize("name", ["TURSO_DATABASE_URL", "TURSO_AUTH_TOKEN"])
def test_turso_variable_missing(stack: Stack, name: str) -> None:
    stack.use(web={name: None})
    said = f"The job store is not configured: {name} is missing"
    assert failure(ingest(stack)) == said
    assert failure(stack.call("GET", f"/api/audio/jobs/{UNKNOWN}")) == said
    assert failure(stack.call("POST", "/api/render", json=STORED)) == said
    assert f"[Jobs] {said}" in stack.web_log()
    assert upload(stack).status_code == 200


def test_turso_token_wrong(stack: Stack) -> None:
    header, payload, _ = stack.web_variables["TURSO_AUTH_TOKEN"].split(".")
    stack.use(web={"TURSO_AUTH_TOKEN": f"{header}.{payload}.{'A' * 86}"})
    assert failure(ingest(stack)).startswith("Turso answered 401: Unauthorized: `The JWT is invalid`")
    assert failure(stack.call("GET", f"/api/audio/jobs/{UNKNOWN}")).startswith("Turso answered 401")


def test_turso_token_read_only(stack: Stack) -> None:
    stack.use(web={"TURSO_AUTH_TOKEN": stack.token(authorization="read-only")})
    assert failure(ingest(stack)).startswith("Turso answered 403: Authorization forbidden: ")


def test_turso_url_wrong(stack: Stack) -> None:
    stack.use(web={"TURSO_DATABASE_URL": "libsql://127.0.0.1:1"})
    assert failure(ingest(stack)).startswith("Turso cannot be reached: ")
    stack.use(web={"TURSO_DATABASE_URL": "libsql://absent.turso.io"})
    assert failure(ingest(stack)).startswith("Turso cannot be reached: getaddrinfo ENOTFOUND absent.turso.io")
    stack.use(web={"TURSO_DATABASE_URL": "postgres://127.0.0.1"})
    assert failure(ingest(stack)) == "TURSO_DATABASE_URL must be libsql://HOST"


def test_secret_that_no_header_can_hold_is_not_shown(stack: Stack) -> None:
    secret = stack.web_variables["TURSO_AUTH_TOKEN"]
    stack.use(web={"TURSO_AUTH_TOKEN": f"{secret}\nx"})
    assert failure(ingest(stack)) == "Turso cannot be reached: a header holds characters that cannot be sent"
    assert secret[-20:] not in stack.web_log()


def test_without_deploy_env_the_two_others_are_enough(stack: Stack) -> None:
    stack.use(web={"DEPLOY_ENV": None})
    assert upload(stack).status_code == 200
    assert stack.ended(stack.ingest(WAV))["status"] == "complete"


def test_without_all_three_everything_seems_to_work_and_nothing_arrives(stack: Stack) -> None:
    stack.use(web={"DEPLOY_ENV": None, "STORAGE_BACKEND": None, "JOB_STORE_BACKEND": None})
    body = {"key": "assets/check.wav", "contentType": "audio/wav", "size": 1}
    url = stack.ask("POST", "/api/storage/upload", json=body)["uploadUrl"]
    assert url == "/api/storage/upload?key=assets%2Fcheck.wav"
    assert stack.call("PUT", url, content=WAV).status_code == 200
    job = stack.ingest(WAV)
    answer = stack.ended(job, 1)
    assert (answer["status"], answer["queuePosition"]) == ("pending", 1)
    assert job not in [row[0] for row in stack.rows("SELECT jobId FROM audio_prep_jobs")]


def test_without_storage_backend_playback_leads_nowhere(stack: Stack) -> None:
    stack.use(web={"STORAGE_BACKEND": None})
    assert upload(stack).status_code == 200
    download = stack.ask("GET", "/api/storage/download", params={"key": "assets/check.wav"})
    assert download["downloadUrl"] == "/uploads/assets/check.wav"
    assert stack.call("GET", download["downloadUrl"]).status_code == 404
    job = stack.ingest(WAV)
    ended = stack.ended(job)
    assert stack.browser.get(ended["downloadUrl"]).content == WAV
    said = failure(stack.call("GET", f"/api/audio/edit/preview/{job}/audio"))
    assert said == f"ENOENT: no such file or directory, open '/tmp/uploads/assets/{job}/preview.wav'"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MODAL_ENDPOINT_URL", None, "Render is not configured: MODAL_ENDPOINT_URL is missing"),
        ("MODAL_ENDPOINT_URL", "studio-submit", "MODAL_ENDPOINT_URL must be the full https URL of the submit endpoint"),
        ("MODAL_AUTH_TOKEN", None, "Render is not configured: MODAL_AUTH_TOKEN is missing"),
    ],
)
def test_modal_variable_missing(stack: Stack, name: str, value: str | None, said: str) -> None:
    stack.use(web={name: value})
    assert failure(stack.call("POST", "/api/render", json=STORED)) == said
    assert f"[Render] {said}" in stack.web_log()


def test_webhook_secret_missing_or_another(stack: Stack) -> None:
    right = stack.web_variables["INTERNAL_WEBHOOK_SECRET"]
    body = {"jobId": UNKNOWN, "status": "failed"}
    stack.use(web={"INTERNAL_WEBHOOK_SECRET": None})
    assert stack.callback(right, **body) == (500, "INTERNAL_WEBHOOK_SECRET is not configured")
    assert stack.callback(None, **body)[0] == 500
    for wrong in ("0" * 64, f"{right}\n", f"{right} "):
        stack.use(web={"INTERNAL_WEBHOOK_SECRET": wrong})
        assert stack.callback(right, **body) == (401, "Unauthorized")


def test_app_url_missing_or_another(stack: Stack) -> None:
    stack.use(web={"NEXT_PUBLIC_APP_URL": None})
    assert "canonical" not in stack.call("GET", "/").text
    stack.use(web={"NEXT_PUBLIC_APP_URL": "https://other.example.com"})
    assert '<link rel="canonical" href="https://other.example.com">' in stack.call("GET", "/").text
