"""A variable that is missing or wrong on Render or on Modal is felt, as it would be in production: where, and in which words."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from tests.clients.render_app import two_seconds_of_silence
from tests.sandbox.studio.stack import R2, Stack

WAV = two_seconds_of_silence()


def ingested(stack: Stack, seconds: float = 20) -> dict[str, Any]:
    """How an ingest job ends."""
    return stack.ended(stack.ingest(WAV), seconds)


def rendered(stack: Stack, seconds: float = 60) -> dict[str, Any]:
    """How a render ends."""
    audio = {"type": "base64", "data": base64.b64encode(WAV).decode(), "contentType": "audio/wav"}
    return stack.ended(stack.ask("POST", "/api/render", json={"audio": audio})["jobId"], seconds)


def waiting(stack: Stack, log: str) -> None:
    """A job stays pending, and the worker's log says why."""
    assert ingested(stack, 1)["status"] == "pending"
    assert any(log in line for line in stack.worker_log(until=log)), stack.worker_log()


def test_without_a_database_the_worker_exits_and_the_old_one_goes_on(stack: Stack) -> None:
    stack.use()
    stack.use(worker={"TURSO_DATABASE_URL": None})
    assert "[Worker] TURSO_DATABASE_URL is required" in stack.worker_log(until="is required")
    newest = stack.render.get(f"/services/{stack.service}/deploys", params={"limit": 1}).json()[0]["deploy"]
    assert newest["status"] == "update_failed"
    assert ingested(stack)["status"] == "complete"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TURSO_DATABASE_URL", "postgres://a", "[Worker] TURSO_DATABASE_URL must be libsql://HOST"),
        ("WORKER_POLL_INTERVAL_MS", "3s", "[Worker] WORKER_POLL_INTERVAL_MS must be a positive number"),
        ("JOB_STORE_BACKEND", "redis", "[Worker] JOB_STORE_BACKEND must be one of turso, local"),
    ],
)
def test_variables_with_which_the_worker_exits(stack: Stack, name: str, value: str, said: str) -> None:
    stack.use(worker={name: value})
    assert any(line.startswith(said) for line in stack.worker_log(until=said))


def test_job_of_another_database_is_never_picked_up(stack: Stack) -> None:
    stack.use(worker={"TURSO_DATABASE_URL": "libsql://127.0.0.1:1"})
    waiting(stack, "[Worker] Poll failed: Turso cannot be reached: ")
    stack.use(worker={"TURSO_DATABASE_URL": "libsql://absent.turso.io"})
    waiting(stack, "[Worker] Poll failed: Turso cannot be reached: getaddrinfo ENOTFOUND absent.turso.io")
    stack.use(worker={"JOB_STORE_BACKEND": "local"})
    waiting(stack, "[Worker] Started, polling every 100ms")
    stack.use()
    # What waited meanwhile is done now.
    assert ingested(stack)["status"] == "complete"


def test_turso_token_missing_wrong_or_read_only(stack: Stack) -> None:
    header, payload, _ = stack.worker_variables["TURSO_AUTH_TOKEN"].split(".")
    stack.use(worker={"TURSO_AUTH_TOKEN": None})
    waiting(stack, "[Worker] Poll failed: Turso answered 401: Unauthorized: ")
    stack.use(worker={"TURSO_AUTH_TOKEN": f"{header}.{payload}.{'A' * 86}"})
    waiting(stack, "[Worker] Poll failed: Turso answered 401: Unauthorized: `The JWT is invalid`")
    stack.use(worker={"TURSO_AUTH_TOKEN": stack.token(authorization="read-only")})
    waiting(stack, "[Worker] Poll failed: Turso refused the statement: ")
    stack.use(worker={"TURSO_AUTH_TOKEN": f"{stack.worker_variables['TURSO_AUTH_TOKEN']}\n"})
    assert ingested(stack)["status"] == "complete", "as Node's fetch, the worker does not send a header's line break"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("STORAGE_BACKEND", None, "ENOENT: no such file or directory, open '/app/uploads/assets/"),
        ("STORAGE_BACKEND", "local", "ENOENT: no such file or directory, open '/app/uploads/assets/"),
        *((name, None, f"Storage is not configured: {name} is missing") for name in R2),
        ("R2_SECRET_ACCESS_KEY", "0" * 64, "R2 refused GET assets/"),
        ("R2_ACCESS_KEY_ID", "0" * 32, "R2 refused GET assets/"),
        ("R2_BUCKET_NAME", "another-bucket", "R2 refused GET assets/"),
        ("R2_ACCOUNT_ID", "0" * 32, "R2 cannot be reached: [SSL: CERTIFICATE_VERIFY_FAILED]"),
    ],
)
def test_storage_variable_missing_or_wrong(stack: Stack, name: str, value: str | None, said: str) -> None:
    stack.use(worker={name: value})
    ended = ingested(stack)
    assert (ended["status"], ended["error"][: len(said)]) == ("failed", said)
    line = f"[Worker] Failed job {ended['jobId']}: {ended['error']}"
    assert line in stack.worker_log(until=line)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MODAL_ENDPOINT_URL", None, "Render is not configured: MODAL_ENDPOINT_URL is missing"),
        ("MODAL_ENDPOINT_URL", "studio-submit", "MODAL_ENDPOINT_URL must be the full https URL of the submit endpoint"),
        ("MODAL_ENDPOINT_URL", "https://127.0.0.1:1/a", "Modal dispatch failed: All connection attempts failed"),
        ("MODAL_ENDPOINT_URL", "https://a-submit.modal.run", "Modal dispatch failed: getaddrinfo ENOTFOUND"),
        ("MODAL_AUTH_TOKEN", None, "Render is not configured: MODAL_AUTH_TOKEN is missing"),
        ("MODAL_AUTH_TOKEN", "0" * 64, "Modal dispatch failed: 401 invalid auth_token"),
        ("INTERNAL_WEBHOOK_SECRET", None, "Render is not configured: INTERNAL_WEBHOOK_SECRET is missing"),
        ("NEXT_PUBLIC_APP_URL", None, "Render is not configured: NEXT_PUBLIC_APP_URL is missing"),
        ("NEXT_PUBLIC_APP_URL", "studio.example", "Modal dispatch failed: 400 webhook_url must be a full https URL"),
        ("STORAGE_BACKEND", None, "Modal dispatch failed: 400 audio_signed_url must be a full https URL"),
    ],
)
def test_render_variable_missing_or_wrong(stack: Stack, name: str, value: str | None, said: str) -> None:
    stack.use(worker={name: value})
    ended = rendered(stack)
    assert (ended["status"], ended["error"][: len(said)]) == ("failed", said)
    assert ingested(stack)["status"] == "complete" or name == "STORAGE_BACKEND"


def test_endpoint_of_no_app(stack: Stack) -> None:
    right = stack.worker_variables["MODAL_ENDPOINT_URL"]
    stack.use(worker={"MODAL_ENDPOINT_URL": right.replace("-submit", "x-submit")})
    assert rendered(stack)["error"] == "Modal dispatch failed: HTTP 404 modal-http: invalid function call"
    stack.use(worker={"MODAL_ENDPOINT_URL": right.replace("-submit", "-status")})
    assert rendered(stack)["error"].startswith("Modal dispatch failed: HTTP 405 ")


@pytest.mark.parametrize(
    ("worker", "log"),
    [
        ({"INTERNAL_WEBHOOK_SECRET": "0" * 64}, "its callback was answered 401"),
        ({"NEXT_PUBLIC_APP_URL": "https://127.0.0.1:1"}, "its callback was answered <urlopen error"),
    ],
)
def test_callback_that_is_not_let_in_leaves_the_render_under_way(
    stack: Stack, worker: dict[str, str], log: str
) -> None:
    stack.use(worker=worker)
    ended = rendered(stack, 16)
    assert (ended["status"], ended["stage"]) == ("processing", "rendering")
    video = f"renders/{ended['jobId']}/output.mp4"
    url = stack.ask("GET", "/api/storage/download", params={"key": video})["downloadUrl"]
    assert stack.browser.get(url).status_code == 200
    stack.ended(ended["jobId"], 1)
    line = f"[Render] No callback for job {ended['jobId']} yet; Modal's status: completed; {log}"
    assert line in stack.web_log()
    assert "401" not in log or "[Webhook] Unauthorized callback" in stack.web_log()


def test_modal_s_own_secrets(stack: Stack) -> None:
    stack.use()
    right = {name: stack.worker_variables[name] for name in R2}
    right |= {"AWS_ACCESS_KEY_ID": right["R2_ACCESS_KEY_ID"], "AWS_SECRET_ACCESS_KEY": right["R2_SECRET_ACCESS_KEY"]}
    token = stack.worker_variables["MODAL_AUTH_TOKEN"]
    try:
        stack._render_app(right | {"R2_SECRET_ACCESS_KEY": "0" * 64}, token)
        ended = rendered(stack)
        assert (ended["status"], "SignatureDoesNotMatch" in ended["error"]) == ("failed", True), ended
        assert f"[Webhook] Render failed for job {ended['jobId']}" in stack.web_log()
        # The bucket's mount fails where the container starts: then nothing can call back, and the web app asks.
        stack._render_app(right | {"AWS_SECRET_ACCESS_KEY": "0" * 64}, token)
        ended = rendered(stack)
        assert (ended["status"], ended["error"].startswith("Modal: ")) == ("failed", True), ended
        stack._render_app(right, "0" * 64)
        assert rendered(stack)["error"] == "Modal dispatch failed: 401 invalid auth_token"
    finally:
        stack._render_app(right, token)
    assert rendered(stack)["status"] == "complete"


def test_worker_sees_no_object_of_a_read_only_key(stack: Stack) -> None:
    account = stack.sandbox.exports["CLOUDFLARE_ACCOUNT_ID"]
    groups = stack.cloudflare.get(f"/accounts/{account}/tokens/permission_groups").json()["result"]
    group = next(it["id"] for it in groups if it["name"] == "Workers R2 Storage Bucket Item Read")
    bucket = stack.worker_variables["R2_BUCKET_NAME"]
    resources = {f"com.cloudflare.edge.r2.bucket.{account}_default_{bucket}": "*"}
    policy = {"effect": "allow", "permission_groups": [{"id": group}], "resources": resources}
    body = {"name": "reader", "policies": [policy]}
    token = stack.cloudflare.post(f"/accounts/{account}/tokens", json=body).json()["result"]
    stack.use(
        worker={
            "R2_ACCESS_KEY_ID": token["id"],
            "R2_SECRET_ACCESS_KEY": hashlib.sha256(token["value"].encode()).hexdigest(),
        }
    )
    assert ingested(stack)["error"].endswith("preview.wav: 403 AccessDenied")


def test_network_knows_r2_and_nothing_else(stack: Stack) -> None:
    stack.use()
    body = {"audio": {"type": "url", "url": "https://example.com/a.wav"}}
    job = stack.ask("POST", "/api/render", json=body)["jobId"]
    assert stack.ended(job)["error"] == "The audio cannot be fetched: getaddrinfo ENOTFOUND example.com"
