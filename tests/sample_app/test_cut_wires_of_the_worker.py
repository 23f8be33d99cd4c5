"""A variable that is missing or wrong for the worker or for Modal is felt, as it would be in production: where, and in which words.

Render allows ten deploys a minute, so most workers run here, in this process: with their variables and the network, as in the sandbox.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
FLAT = {"outputFormat": "flat-1080p-landscape", "fps": 30}


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


def previewed(stack: Stack, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """How a job ends that only the worker does."""
    return stack.ended(stack.preview(), seconds)


def render(stack: Stack) -> str:
    """Ask for a render; the job."""
    return str(stack.ask("POST", "/api/render", json={"audio": stack.address_of_asset(), **FLAT})["jobId"])


def rendered(stack: Stack, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """How a render ends."""
    return stack.ended(render(stack), seconds)


def said(log: list[str], start: str) -> bool:
    """Wait for a line of the log that starts like this."""
    return until(lambda: any(line.startswith(start) for line in log), f"{start} in {log}")


@pytest.mark.parametrize("value", [None, "postgres://a"])
def test_worker_without_an_address_of_its_database_exits_before_it_says_that_it_started(
    stack: Stack, value: str | None
) -> None:
    with working(stack, {"TURSO_DATABASE_URL": value}) as log:
        assert said(log, "exited: URL_INVALID: ")
        assert not any("Started" in line for line in log)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"TURSO_DATABASE_URL": "libsql://127.0.0.1:1"}, "LibsqlError: fetch failed"),
        ({"TURSO_AUTH_TOKEN": None}, "LibsqlError: SERVER_ERROR: Server returned HTTP status 401"),
        ({"TURSO_AUTH_TOKEN": "a.b.c"}, "LibsqlError: SERVER_ERROR: Server returned HTTP status 401"),
    ],
)
def test_worker_whose_database_does_not_answer_says_that_it_started_and_ends(
    stack: Stack, changes: dict[str, str | None], why: str
) -> None:
    job = stack.preview()
    with working(stack, changes) as log:
        assert said(log, why), log
        assert "[Worker] Started, polling every 100ms" in log
        assert stack.ended(job, 0)["status"] == "pending"
    with working(stack):
        assert stack.ended(job)["status"] == "complete"


def test_read_only_token_picks_up_nothing(stack: Stack) -> None:
    with working(stack, {"TURSO_AUTH_TOKEN": stack.token(authorization="read-only")}) as log:
        assert said(log, "LibsqlError: SERVER_ERROR: Server returned HTTP status 403"), log


@pytest.mark.parametrize("changes", [{"JOB_STORE_BACKEND": "local"}, {"JOB_STORE_BACKEND": None, "DEPLOY_ENV": None}])
def test_worker_with_another_job_store_starts_and_never_sees_a_job(
    stack: Stack, changes: dict[str, str | None]
) -> None:
    with working(stack, changes) as log:
        job = previewed(stack, 1)
        assert job["status"] == "pending"
        assert log == [
            "[LocalJobStore] Opened database at ./audio-prep-jobs.db",
            "[Worker] Using job store backend: local",
            "[Worker] Started, polling every 100ms",
        ]
    with working(stack):
        assert stack.ended(job["jobId"])["status"] == "complete"


@pytest.mark.parametrize("name", ["JOB_STORE_BACKEND", "DEPLOY_ENV"])
def test_one_of_the_two_that_choose_the_job_store_is_enough(stack: Stack, name: str) -> None:
    with working(stack, {name: None}) as log:
        assert previewed(stack)["status"] == "complete"
        assert "[Worker] Using job store backend: turso" in log


def test_a_token_with_a_line_break_is_sent_without_it(stack: Stack) -> None:
    job = stack.preview()
    with working(stack, {"TURSO_AUTH_TOKEN": f"{stack.worker_variables['TURSO_AUTH_TOKEN']}\n"}):
        # As Node's fetch, it does not send white space at the ends of a header.
        assert stack.ended(job)["status"] == "complete"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"STORAGE_BACKEND": None, "DEPLOY_ENV": None}, "Original audio not found for asset "),
        ({"STORAGE_BACKEND": "local"}, "Original audio not found for asset "),
        ({"R2_ACCESS_KEY_ID": None}, "Resolved credential object is not valid"),
        ({"R2_SECRET_ACCESS_KEY": None}, "Resolved credential object is not valid"),
        ({"R2_SECRET_ACCESS_KEY": "0" * 64}, "R2 refused LIST assets/"),
        ({"R2_ACCESS_KEY_ID": "0" * 32}, "R2 refused LIST assets/"),
        ({"R2_BUCKET_NAME": "another-bucket"}, "R2 refused LIST assets/"),
        ({"R2_BUCKET_NAME": None}, "R2 refused LIST assets/"),
        ({"R2_ACCOUNT_ID": "0" * 32}, "R2 cannot be reached: [SSL: CERTIFICATE_VERIFY_FAILED]"),
        ({"R2_ACCOUNT_ID": None}, "R2 cannot be reached: "),
    ],
)
def test_storage_variable_missing_or_wrong(stack: Stack, changes: dict[str, str | None], why: str) -> None:
    with working(stack, changes) as log:
        ended = previewed(stack)
        assert ended["status"] == "failed"
        assert ended["error"][: len(why)] == why
        assert f"[Worker] Job {ended['jobId']} failed: {ended['error']}" in log
        assert said(log, f"[Worker] Finished job {ended['jobId']}")


def test_key_that_may_only_read_fails_at_the_preview(stack: Stack) -> None:
    account = stack.sandbox.exports["CLOUDFLARE_ACCOUNT_ID"]
    groups = stack.cloudflare.get(f"/accounts/{account}/tokens/permission_groups").json()["result"]
    group = next(
        permission["id"] for permission in groups if permission["name"] == "Workers R2 Storage Bucket Item Read"
    )
    bucket = stack.worker_variables["R2_BUCKET_NAME"]
    resources = {f"com.cloudflare.edge.r2.bucket.{account}_default_{bucket}": "*"}
    policy = {"effect": "allow", "permission_groups": [{"id": group}], "resources": resources}
    body = {"name": "reader", "policies": [policy]}
    token = stack.cloudflare.post(f"/accounts/{account}/tokens", json=body).json()["result"]
    secret = hashlib.sha256(token["value"].encode()).hexdigest()
    with working(stack, {"R2_ACCESS_KEY_ID": token["id"], "R2_SECRET_ACCESS_KEY": secret}):
        ended = previewed(stack)
    assert ended["stage"] == "uploading"
    assert ended["error"].rpartition(".mp3: ")[2] == "403 AccessDenied"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("MODAL_ENDPOINT_URL", None, "MODAL_ENDPOINT_URL is not configured"),
        ("MODAL_ENDPOINT_URL", "studio-submit", "Failed to parse URL from studio-submit"),
        ("MODAL_ENDPOINT_URL", "https://127.0.0.1:1/a", "fetch failed"),
        ("MODAL_ENDPOINT_URL", "https://a-submit.modal.run", "fetch failed"),
        ("MODAL_AUTH_TOKEN", None, "MODAL_AUTH_TOKEN is not configured"),
        ("MODAL_AUTH_TOKEN", "0" * 64, "Modal submit error: Unauthorized"),
        ("NEXT_PUBLIC_APP_URL", "studio.example", "Modal submit error: webhook_url must be a full URL"),
    ],
)
def test_render_variable_missing_or_wrong(stack: Stack, name: str, value: str | None, why: str) -> None:
    with working(stack, {name: value}) as log:
        ended = rendered(stack)
        assert ended["status"] == "failed"
        assert ended["error"][: len(why)] == why
        assert not any("dispatched" in line for line in log)
        assert previewed(stack)["status"] == "complete"


@pytest.mark.parametrize(
    ("label", "why"), [("x-submit", "404): modal-http: invalid function call"), ("-status", "405): ")]
)
def test_endpoint_of_no_app_and_of_the_other_function(stack: Stack, label: str, why: str) -> None:
    endpoint = stack.worker_variables["MODAL_ENDPOINT_URL"].replace("-submit", label)
    with working(stack, {"MODAL_ENDPOINT_URL": endpoint}):
        assert rendered(stack)["error"].startswith(f"Modal submit failed ({why}")


@pytest.mark.parametrize(
    "changes",
    [
        {"INTERNAL_WEBHOOK_SECRET": "0" * 64},
        {"INTERNAL_WEBHOOK_SECRET": None},
        {"NEXT_PUBLIC_APP_URL": "https://127.0.0.1:1"},
        {"NEXT_PUBLIC_APP_URL": None},
    ],
)
def test_callback_that_does_not_come_in_leaves_the_render_under_way(
    stack: Stack, changes: dict[str, str | None]
) -> None:
    with working(stack, changes):
        job = render(stack)
        url = stack.ask("GET", "/api/storage/download", params={"key": f"renders/{job}/output.mp4"})["downloadUrl"]
        until(lambda: stack.browser.get(url).status_code == 200, "the video in the bucket")
        # The worker notes it when Modal has answered; by then the video may be there.
        until(lambda: stack.ended(job, 0)["stage"] == "dispatched-to-modal", "the note of the dispatch")
        ended = stack.ended(job, 0)
    assert ended["status"] == "processing"
    assert ended["progress"] == 30


def test_secrets_of_the_render_app(stack: Stack) -> None:
    right = {name: stack.worker_variables[name] for name in R2}
    right |= {"AWS_ACCESS_KEY_ID": right["R2_ACCESS_KEY_ID"], "AWS_SECRET_ACCESS_KEY": right["R2_SECRET_ACCESS_KEY"]}
    token = stack.worker_variables["MODAL_AUTH_TOKEN"]
    with working(stack):
        try:
            stack.deploy_render_app(right | {"R2_SECRET_ACCESS_KEY": "0" * 64}, token)
            ended = rendered(stack)
            assert ended["status"] == "failed", ended
            assert "SignatureDoesNotMatch" in ended["error"], ended
            assert f"[Webhook] Received callback for job {ended['jobId']}: failed" in stack.web_log()
            stack.deploy_render_app(right, "0" * 64)
            assert rendered(stack)["error"] == "Modal submit error: Unauthorized"
        finally:
            stack.deploy_render_app(right, token)
        assert rendered(stack)["status"] == "complete"


def test_network_knows_r2_and_nothing_else(stack: Stack) -> None:
    audio = {"type": "url", "url": "https://example.com/a.wav"}
    with working(stack):
        job = stack.ask("POST", "/api/render", json={"audio": audio, **FLAT})["jobId"]
        assert stack.ended(job)["error"] == "fetch failed"


def test_two_workers_never_take_the_same_job(stack: Stack) -> None:
    jobs = [stack.preview() for _ in range(8)]
    with (
        working(stack, {"WORKER_POLL_INTERVAL_MS": "1"}) as one,
        working(stack, {"WORKER_POLL_INTERVAL_MS": "1"}) as other,
    ):
        assert [stack.ended(job)["status"] for job in jobs] == ["complete"] * 8
    claimed = [line for line in [*one, *other] if "Claimed" in line and any(job in line for job in jobs)]
    assert sorted(claimed) == sorted(f"[Worker] Claimed job {job} (preview)" for job in jobs)
    assert all(any("Claimed" in line for line in log) for log in (one, other)), "one of them got none"


def test_worker_on_render_that_exits_leaves_the_old_one_at_work(stack: Stack) -> None:
    stack.use()
    stack.use(worker={"TURSO_DATABASE_URL": None})
    assert any("[Worker] Fatal startup error: " in line for line in stack.worker_log(until="Fatal startup error"))
    newest = stack.render.get(f"/services/{stack.service}/deploys", params={"limit": 1}).json()[0]["deploy"]
    assert newest["status"] == "update_failed"
    assert previewed(stack)["status"] == "complete"


def test_worker_on_render_that_ends_after_its_start_is_started_again(stack: Stack) -> None:
    stack.use(worker={"TURSO_AUTH_TOKEN": "a.b.c"})
    assert "==> Exited with status 1" in stack.worker_log(until="Exited with status 1")
    stack.use(worker={"WORKER_POLL_INTERVAL_MS": "600000"})
