"""A variable that is missing or wrong for the worker or for Modal is felt, as it would be in production: where, and in which words.

Render allows ten deploys a minute, so most workers run here, in this process: with their variables and the network, as in the sandbox.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.clients.render_app import two_seconds_of_silence
from tests.sample_app.stack import R2, Stack
from tests.waiting import PATIENCE_SECONDS, until

from deploybook.sample_app.network import Network
from deploybook.sample_app.problems import StudioError
from deploybook.sample_app.worker.process import Worker

pytestmark = pytest.mark.xdist_group("studio-worker")

WAV = two_seconds_of_silence()
MINUTES_AGO = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """With the right variables, and a worker on Render that has been told to look once in ten minutes."""
    stack.use(worker={"WORKER_POLL_INTERVAL_MS": "600000"})
    return stack


@contextmanager
def working(stack: Stack, changes: Mapping[str, str | None] | None = None) -> Iterator[list[str]]:
    """Run a worker with these changes to the right variables; its log."""
    log: list[str] = []
    merged = {**stack.worker_variables, **(changes or {})}
    variables = {name: value for name, value in merged.items() if value is not None}
    stop = threading.Event()

    async def run() -> None:
        network = Network(Path(stack.sandbox.exports["SSL_CERT_FILE"]))
        network.place_r2(stack.sandbox.exports["R2_ENDPOINT_URL"])
        try:
            worker = Worker(variables, network, log.append)
        except StudioError as error:
            log.append(f"exited: {error}")
            return
        worker.start()
        while not stop.is_set():
            await asyncio.sleep(0.02)
        await worker.stop()
        await network.reset()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield log
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)


def ingested(stack: Stack, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """How an ingest job ends."""
    return stack.ended(stack.ingest(WAV), seconds)


def render(stack: Stack) -> str:
    """Ask for a render; the job."""
    audio = {"type": "base64", "data": base64.b64encode(WAV).decode(), "contentType": "audio/wav"}
    return str(stack.ask("POST", "/api/render", json={"audio": audio})["jobId"])


def rendered(stack: Stack, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """How a render ends."""
    return stack.ended(render(stack), seconds)


def said(log: list[str], start: str) -> bool:
    """Wait for a line of the log that starts like this."""
    return until(lambda: any(line.startswith(start) for line in log), f"{start} in {log}")


def told_in_web_log(stack: Stack, job: str, line: str) -> bool:
    """Whether the web app's log comes to have a line, while someone polls the job, which has been quiet for long."""
    make_overdue(stack, job)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while line not in stack.web_log():
        if time.monotonic() > deadline:
            return False
        assert stack.ended(job, 1)["status"] == "processing"
    return True


def make_overdue(stack: Stack, job: str) -> None:
    """Set back the clock of a render that Modal has taken: the web app asks for one that has been quiet for ten seconds."""
    until(lambda: stack.ended(job, 0)["stage"] == "rendering", "the dispatch of the render")
    stack.rows(f"UPDATE audio_prep_jobs SET updatedAt = '{MINUTES_AGO}' WHERE jobId = '{job}'")  # noqa: S608


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("TURSO_DATABASE_URL", None, "TURSO_DATABASE_URL is required"),
        ("TURSO_DATABASE_URL", "postgres://a", "TURSO_DATABASE_URL must be libsql://HOST"),
        ("WORKER_POLL_INTERVAL_MS", "3s", "WORKER_POLL_INTERVAL_MS must be a positive number of milliseconds"),
        ("WORKER_SAVE_TIMEOUT_MS", "0", "WORKER_SAVE_TIMEOUT_MS must be a positive number of milliseconds"),
        ("JOB_STORE_BACKEND", "redis", "JOB_STORE_BACKEND must be one of turso, local"),
    ],
)
def test_variables_with_which_the_worker_exits(stack: Stack, name: str, value: str | None, why: str) -> None:
    with working(stack, {name: value}) as log:
        assert said(log, f"exited: {why}")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"TURSO_DATABASE_URL": "libsql://127.0.0.1:1"}, "Turso cannot be reached: "),
        ({"TURSO_DATABASE_URL": "libsql://a.turso.io"}, "Turso cannot be reached: getaddrinfo ENOTFOUND a.turso.io"),
        ({"TURSO_AUTH_TOKEN": None}, "Turso answered 401: Unauthorized: "),
        ({"TURSO_AUTH_TOKEN": "a.b.c"}, "Turso answered 401: Unauthorized: `The JWT is invalid`"),
    ],
)
def test_without_its_database_the_worker_picks_up_nothing(stack: Stack, changes: dict[str, str], why: str) -> None:
    job = stack.ingest(WAV)
    with working(stack, changes) as log:
        assert said(log, f"[Worker] Poll failed: {why}"), log
        assert stack.ended(job, 0)["status"] == "pending"
    with working(stack):
        assert stack.ended(job)["status"] == "complete"


def test_read_only_token_picks_up_nothing(stack: Stack) -> None:
    with working(stack, {"TURSO_AUTH_TOKEN": stack.token(authorization="read-only")}) as log:
        assert said(log, "[Worker] Poll failed: Turso answered 403: Authorization forbidden: "), log


@pytest.mark.parametrize("changes", [{"JOB_STORE_BACKEND": "local"}, {"JOB_STORE_BACKEND": None, "DEPLOY_ENV": None}])
def test_worker_with_another_job_store_starts_and_never_sees_a_job(
    stack: Stack, changes: dict[str, str | None]
) -> None:
    with working(stack, changes) as log:
        job = ingested(stack, 1)
        assert job["status"] == "pending"
        assert log == [
            "[Worker] Using job store backend: local",
            "[LocalJobStore] Opened database at ./audio-prep-jobs.db",
            "[Worker] Started, polling every 100ms",
        ]
    with working(stack):
        assert stack.ended(job["jobId"])["status"] == "complete"


@pytest.mark.parametrize("name", ["JOB_STORE_BACKEND", "DEPLOY_ENV"])
def test_one_of_the_two_that_choose_the_job_store_is_enough(stack: Stack, name: str) -> None:
    with working(stack, {name: None}) as log:
        assert ingested(stack)["status"] == "complete"
        assert "[Worker] Using job store backend: turso" in log


def test_a_token_with_a_line_break_is_sent_without_it(stack: Stack) -> None:
    job = stack.ingest(WAV)
    with working(stack, {"TURSO_AUTH_TOKEN": f"{stack.worker_variables['TURSO_AUTH_TOKEN']}\n"}):
        # As Node's fetch, it does not send white space at the ends of a header.
        assert stack.ended(job)["status"] == "complete"


def test_without_both_that_choose_the_storage_the_worker_looks_on_its_disk(stack: Stack) -> None:
    with working(stack, {"STORAGE_BACKEND": None, "DEPLOY_ENV": None}):
        assert "ENOENT: no such file or directory, open '/app/uploads/assets/" in ingested(stack)["error"]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("STORAGE_BACKEND", "local", "ENOENT: no such file or directory, open '/app/uploads/assets/"),
        *((name, None, f"Storage is not configured: {name} is missing") for name in R2),
        ("R2_SECRET_ACCESS_KEY", "0" * 64, "R2 refused GET assets/"),
        ("R2_ACCESS_KEY_ID", "0" * 32, "R2 refused GET assets/"),
        ("R2_BUCKET_NAME", "another-bucket", "R2 refused GET assets/"),
        ("R2_ACCOUNT_ID", "0" * 32, "R2 cannot be reached: [SSL: CERTIFICATE_VERIFY_FAILED]"),
        ("WORKER_INGEST_TIMEOUT_MS", "1", "Timed out after 1ms"),
    ],
)
def test_storage_variable_missing_or_wrong(stack: Stack, name: str, value: str | None, why: str) -> None:
    with working(stack, {name: value}) as log:
        ended = ingested(stack)
        assert (ended["status"], ended["error"][: len(why)]) == ("failed", why)
        assert f"[Worker] Failed job {ended['jobId']}: {ended['error']}" in log
        assert f"[Worker] Finished job {ended['jobId']}" not in log


def test_key_that_may_only_read_fails_at_the_preview(stack: Stack) -> None:
    account = stack.sandbox.exports["CLOUDFLARE_ACCOUNT_ID"]
    groups = stack.cloudflare.get(f"/accounts/{account}/tokens/permission_groups").json()["result"]
    group = next(it["id"] for it in groups if it["name"] == "Workers R2 Storage Bucket Item Read")
    bucket = stack.worker_variables["R2_BUCKET_NAME"]
    resources = {f"com.cloudflare.edge.r2.bucket.{account}_default_{bucket}": "*"}
    policy = {"effect": "allow", "permission_groups": [{"id": group}], "resources": resources}
    body = {"name": "reader", "policies": [policy]}
    token = stack.cloudflare.post(f"/accounts/{account}/tokens", json=body).json()["result"]
    secret = hashlib.sha256(token["value"].encode()).hexdigest()
    with working(stack, {"R2_ACCESS_KEY_ID": token["id"], "R2_SECRET_ACCESS_KEY": secret}):
        ended = ingested(stack)
    assert (ended["stage"], ended["error"].rpartition("preview.wav: ")[2]) == ("preview", "403 AccessDenied")


@pytest.mark.parametrize(
    ("name", "value", "why"),
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
        ("STORAGE_BACKEND", "local", "Modal dispatch failed: 400 audio_signed_url must be a full https URL"),
    ],
)
def test_render_variable_missing_or_wrong(stack: Stack, name: str, value: str | None, why: str) -> None:
    with working(stack, {name: value}) as log:
        ended = rendered(stack)
        assert (ended["status"], ended["error"][: len(why)]) == ("failed", why)
        assert not any("dispatched" in line for line in log)
        assert name == "STORAGE_BACKEND" or ingested(stack)["status"] == "complete"


@pytest.mark.parametrize(
    ("label", "why"),
    [("x-submit", "HTTP 404 modal-http: invalid function call"), ("-status", "HTTP 405 ")],
)
def test_endpoint_of_no_app_and_of_the_other_function(stack: Stack, label: str, why: str) -> None:
    endpoint = stack.worker_variables["MODAL_ENDPOINT_URL"].replace("-submit", label)
    with working(stack, {"MODAL_ENDPOINT_URL": endpoint}):
        assert rendered(stack)["error"].startswith(f"Modal dispatch failed: {why}")


@pytest.mark.parametrize(
    ("changes", "answered"),
    [
        ({"INTERNAL_WEBHOOK_SECRET": "0" * 64}, "401"),
        ({"NEXT_PUBLIC_APP_URL": "https://127.0.0.1:1"}, "<urlopen error"),
    ],
)
def test_callback_that_does_not_come_in_leaves_the_render_under_way(
    stack: Stack, changes: dict[str, str], answered: str
) -> None:
    with working(stack, changes):
        job = rendered(stack, 1)["jobId"]
        line = (
            f"[Render] No callback for job {job} yet; Modal's status: completed; its callback was answered {answered}"
        )
        assert told_in_web_log(stack, job, line)
    ended = stack.ended(job, 0)
    assert (ended["status"], ended["stage"]) == ("processing", "rendering")
    url = stack.ask("GET", "/api/storage/download", params={"key": f"renders/{job}/output.mp4"})["downloadUrl"]
    assert stack.browser.get(url).status_code == 200
    assert answered != "401" or "[Webhook] Unauthorized callback" in stack.web_log()


def test_status_of_an_overdue_render_is_asked_at_the_web_app_s_own_endpoint(stack: Stack) -> None:
    stack.use(web={"MODAL_ENDPOINT_URL": "https://127.0.0.1:1/a-submit"}, worker={"WORKER_POLL_INTERVAL_MS": "600000"})
    with working(stack, {"INTERNAL_WEBHOOK_SECRET": "0" * 64}):
        job = rendered(stack, 1)["jobId"]
    line = f"[Render] No callback for job {job} yet; Modal's status: not to be had, All connection attempts failed"
    assert told_in_web_log(stack, job, line)


def test_secrets_of_the_render_app(stack: Stack) -> None:
    right = {name: stack.worker_variables[name] for name in R2}
    right |= {"AWS_ACCESS_KEY_ID": right["R2_ACCESS_KEY_ID"], "AWS_SECRET_ACCESS_KEY": right["R2_SECRET_ACCESS_KEY"]}
    token = stack.worker_variables["MODAL_AUTH_TOKEN"]
    with working(stack):
        try:
            stack.deploy_render_app(right | {"R2_SECRET_ACCESS_KEY": "0" * 64}, token)
            ended = rendered(stack)
            assert (ended["status"], "SignatureDoesNotMatch" in ended["error"]) == ("failed", True), ended
            assert f"[Webhook] Render failed for job {ended['jobId']}" in stack.web_log()
            # The bucket's mount fails where the container starts: then nothing can call back, and the web app asks.
            stack.deploy_render_app(right | {"AWS_SECRET_ACCESS_KEY": "0" * 64}, token)
            job = render(stack)
            make_overdue(stack, job)
            ended = stack.ended(job)
            assert (ended["status"], ended["error"].startswith("Modal: ")) == ("failed", True), ended
            stack.deploy_render_app(right, "0" * 64)
            assert rendered(stack)["error"] == "Modal dispatch failed: 401 invalid auth_token"
        finally:
            stack.deploy_render_app(right, token)
        assert rendered(stack)["status"] == "complete"


def test_network_knows_r2_and_nothing_else(stack: Stack) -> None:
    body = {"audio": {"type": "url", "url": "https://example.com/a.wav"}}
    with working(stack):
        job = stack.ask("POST", "/api/render", json=body)["jobId"]
        assert stack.ended(job)["error"] == "The audio cannot be fetched: getaddrinfo ENOTFOUND example.com"


def test_two_workers_never_take_the_same_job(stack: Stack) -> None:
    jobs = [stack.ingest(WAV) for _ in range(8)]
    with (
        working(stack, {"WORKER_POLL_INTERVAL_MS": "1"}) as one,
        working(stack, {"WORKER_POLL_INTERVAL_MS": "1"}) as other,
    ):
        assert [stack.ended(job)["status"] for job in jobs] == ["complete"] * 8
    claimed = [line for line in [*one, *other] if "Claimed" in line and any(job in line for job in jobs)]
    assert sorted(claimed) == sorted(f"[Worker] Claimed job {job} (ingest)" for job in jobs)
    assert all(any("Claimed" in line for line in log) for log in (one, other)), "one of them got none"


def test_worker_on_render_that_exits_leaves_the_old_one_at_work(stack: Stack) -> None:
    stack.use()
    stack.use(worker={"TURSO_DATABASE_URL": None})
    assert "[Worker] TURSO_DATABASE_URL is required" in stack.worker_log(until="is required")
    newest = stack.render.get(f"/services/{stack.service}/deploys", params={"limit": 1}).json()[0]["deploy"]
    assert newest["status"] == "update_failed"
    assert ingested(stack)["status"] == "complete"
