"""What the worker does that no provider's sandbox brings about: stalled jobs, jobs of no known type, servers that repeat what they hear."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp
from tests.waiting import PATIENCE_SECONDS

from deploybook.sample_app.defects import NONE, Defect, Defects
from deploybook.sample_app.jobs import INGEST, PREVIEW, RENDER, STALE, Job, Jobs, text_of
from deploybook.sample_app.local import LocalDatabase
from deploybook.sample_app.network import Network
from deploybook.sample_app.problems import JobFailed
from deploybook.sample_app.worker.process import Worker
from deploybook.sample_app.worker.reaper import reap
from deploybook.sample_app.worker.settings import Settings
from deploybook.sandbox.core.certificates import Certificates
from deploybook.sandbox.core.serving import serve

VARIABLES = {
    "TURSO_DATABASE_URL": "libsql://127.0.0.1:1",
    "JOB_STORE_BACKEND": "local",
    "WORKER_POLL_INTERVAL_MS": "20",
    "WORKER_REAPER_INTERVAL_MS": "20",
    "MODAL_AUTH_TOKEN": "the-modal-token",
    "INTERNAL_WEBHOOK_SECRET": "the-webhook-secret",
    "NEXT_PUBLIC_APP_URL": "https://127.0.0.1:1",
}


def with_worker(
    directory: Path, scenario: Callable[[Worker, list[str]], Awaitable[Job]], **variables: str
) -> tuple[Job, list[str]]:
    """Run a worker with its jobs in memory; returns the scenario's job as it ends, and the log."""

    async def whole() -> tuple[Job, list[str]]:
        log: list[str] = []
        network = Network(Certificates(directory).authority_path)
        worker = Worker(VARIABLES | variables, network, log.append)
        worker.start()
        try:
            return await scenario(worker, log), log
        finally:
            await worker.stop()
            await network.reset()

    return asyncio.run(whole())


async def ended(worker: Worker, job_id: str) -> Job:
    """The job once it has ended."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            job = await worker.jobs.find(job_id)
            assert job is not None
            if job.status not in {"pending", "processing"}:
                return job
            await asyncio.sleep(0.02)


async def done_with(worker: Worker, job_id: str, log: list[str]) -> Job:
    """The job once the worker has done its part, retries included: one that Modal was given has not ended by then."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            job = await worker.jobs.find(job_id)
            assert job is not None
            begun, finished = (
                sum(line.startswith(f"[Worker] {word} job {job_id}") for line in log)
                for word in ("Claimed", "Finished")
            )
            if job.status != "pending" and begun == finished > 0:
                return job
            await asyncio.sleep(0.02)


def test_unknown_type_fails_loudly(tmp_path: Path) -> None:
    async def scenario(worker: Worker, _: list[str]) -> Job:
        return await ended(worker, (await worker.jobs.create("tape", {})).id)

    job, log = with_worker(tmp_path, scenario)
    assert job.status == "failed"
    assert job.error == "Unknown job type: tape"
    assert f"[Worker] Claimed job {job.id} (tape)" in log
    assert f"[Worker] Job {job.id} failed: Unknown job type: tape" in log
    assert f"[Worker] Finished job {job.id}" in log, "the worker says so after a failure too"


def test_job_that_breaks_the_code_does_not_end_the_worker(tmp_path: Path) -> None:
    async def scenario(worker: Worker, _: list[str]) -> Job:
        await ended(worker, (await worker.jobs.create(PREVIEW, {})).id)
        metadata = {"sourceType": "audio_file", "storageKey": "ingest-uploads/b/original.wav"}
        return await ended(worker, (await worker.jobs.create(INGEST, metadata)).id)

    job, log = with_worker(tmp_path, scenario)
    assert any(line.endswith("failed: KeyError: 'recipe'") for line in log)
    assert job.error == "Uploaded file not found in storage at key: ingest-uploads/b/original.wav"


def test_transient_error_is_tried_once_more(tmp_path: Path) -> None:
    async def unavailable(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("later", 503)(scope, receive, send)

    job, log = rendered_by(tmp_path, unavailable)
    assert job.status == "failed"
    assert job.retries == 1
    assert job.error == "Modal submit failed (503): later"
    assert f"[Worker] Transient error on job {job.id}, scheduling retry: {job.error}" in log


def test_server_that_repeats_the_body_puts_no_secret_into_the_job(tmp_path: Path) -> None:
    async def repeat(scope: Any, receive: Any, send: Any) -> None:
        body = await Request(scope, receive).body()
        await PlainTextResponse(body, 422)(scope, receive, send)

    error = rendered_by(tmp_path, repeat)[0].error or ""
    assert error.startswith("Modal submit failed (422): ")
    assert "the-" not in error


def test_defect_of_the_field_names_is_what_the_render_app_refuses(tmp_path: Path) -> None:
    async def submit(scope: Any, receive: Any, send: Any) -> None:
        body = await Request(scope, receive).json()
        missing = {"error": "audio_url or audio_base64 is required", "status": 400}
        answer = {"call_id": "fc-1", "gpu": False} if body.get("audio_signed_url") else missing
        await JSONResponse(answer)(scope, receive, send)

    assert rendered_by(tmp_path, submit)[0].stage == "dispatched-to-modal"
    job, _ = rendered_by(tmp_path, submit, frozenset({Defect.AUDIO_FIELD}))
    assert job.error == "Modal submit error: audio_url or audio_base64 is required"


def rendered_by(directory: Path, endpoint: ASGIApp, defects: Defects = NONE) -> tuple[Job, list[str]]:
    """A render that a worker hands to this endpoint, as it is when the worker has done its part; the worker's log."""

    async def scenario() -> tuple[Job, list[str]]:
        log: list[str] = []
        certificates = Certificates(directory)
        network = Network(certificates.authority_path)
        listener = await serve(endpoint, certificates=certificates)
        worker = Worker(VARIABLES | {"MODAL_ENDPOINT_URL": listener.url}, network, log.append, defects)
        # Whole before the worker looks for it.
        made = await worker.jobs.create(RENDER, {"outputFormat": "flat-1080p-landscape", "fps": 30})
        await worker.jobs.update(made.id, result={"audioStorageKey": "renders/a/audio.wav"})
        worker.start()
        try:
            return await done_with(worker, made.id, log), log
        finally:
            await worker.stop()
            await network.reset()
            await listener.close()

    return asyncio.run(scenario())


async def stalled(jobs: Jobs, database: LocalDatabase, seconds: float, kind: str) -> str:
    """A claimed job that nothing was written to for so long."""
    job = await jobs.create(kind, {})
    await jobs.claim()
    moment = text_of(datetime.now(UTC) - timedelta(seconds=seconds))
    await database.execute(("UPDATE audio_prep_jobs SET updatedAt = ? WHERE jobId = ?", [moment, job.id]))
    return job.id


@pytest.mark.parametrize(
    ("seconds", "kind", "status"),
    [
        (5, PREVIEW, "processing"),
        (20, PREVIEW, "failed"),
        (700, RENDER, "processing"),
        # The limit of its own type is a day: the default caps it.
        (1300, RENDER, "failed"),
    ],
)
def test_stalled_jobs_fail_by_the_smaller_of_two_limits(seconds: float, kind: str, status: str) -> None:
    async def scenario() -> None:
        database = LocalDatabase()
        jobs, log = Jobs(database), list[str]()
        limits = {"WORKER_PREVIEW_TIMEOUT_MS": "10000", "WORKER_DEFAULT_TIMEOUT_MS": "1200000"}
        job_id = await stalled(jobs, database, seconds, kind)
        await reap(jobs, Settings.of(VARIABLES | limits), log.append)
        job = await jobs.find(job_id)
        assert job is not None
        assert job.status == status
        assert job.error == (STALE if status == "failed" else None)
        assert log == (["[Reaper] Marked 1 stale job(s) as failed"] if status == "failed" else [])

    asyncio.run(scenario())


def test_numbers_that_are_none_are_the_defaults() -> None:
    settings = Settings.of(
        {"WORKER_POLL_INTERVAL_MS": "3s", "WORKER_SAVE_TIMEOUT_MS": "0", "JOB_STORE_BACKEND": "redis"}
    )
    assert settings.poll_ms == 3000
    assert settings.limits["save"] == 900
    assert settings.job_store == "redis"


def test_names_outside_do_not_resolve(tmp_path: Path) -> None:
    async def scenario() -> None:
        client = Network(Certificates(tmp_path).authority_path).client()
        for host in ("example.com", "1" * 32 + ".r2.cloudflarestorage.com", "10.0.0.1"):
            with pytest.raises(httpx.ConnectError, match=f"ENOTFOUND {host}"):
                await client.get(f"https://{host}/")

    asyncio.run(scenario())


def test_rows_are_read_as_they_were_written() -> None:
    async def scenario() -> None:
        jobs = Jobs(LocalDatabase())
        metadata = {"fileName": "Grüße 'x'; --.wav", "n": [1, None, 0.5]}
        job = await jobs.find((await jobs.create(INGEST, metadata)).id)
        assert job is not None
        assert job.metadata == json.loads(json.dumps(metadata))
        assert job.status == "pending"
        assert job.retries == 0
        assert job.result is None
        assert job.progress == 0
        assert await jobs.find("b") is None
        with pytest.raises(JobFailed, match="Job b not found"):
            await jobs.fail("b", "x")

    asyncio.run(scenario())


def test_a_table_without_a_column_fails_its_jobs_and_the_worker_goes_on(tmp_path: Path) -> None:
    async def scenario(worker: Worker, log: list[str]) -> Job:
        await worker.jobs.prepare()
        await worker.jobs._database.execute("ALTER TABLE audio_prep_jobs DROP COLUMN stage")
        for _ in range(2):
            job = await worker.jobs.create(PREVIEW, {})
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not any(job.id in line and "no such column: stage" in line for line in log):
                    await asyncio.sleep(0.02)
        return job

    _, log = with_worker(tmp_path, scenario)
    assert sum(line.startswith("[Worker] Claimed job") for line in log) == 2
