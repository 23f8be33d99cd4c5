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
from starlette.responses import PlainTextResponse

from deploybook.sample_app.jobs import INGEST, RENDER, Job, Jobs
from deploybook.sample_app.local import LocalDatabase
from deploybook.sample_app.network import Network
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
    """Run a worker whose jobs are in its own memory; the scenario's job as it is then, and the log."""

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
    for _ in range(250):
        job = await worker.jobs.find(job_id)
        assert job is not None
        if job.status not in {"pending", "processing"}:
            return job
        await asyncio.sleep(0.02)
    raise AssertionError(f"the job did not end: {job}")


def test_unknown_type_fails_loudly(tmp_path: Path) -> None:
    async def scenario(worker: Worker, _: list[str]) -> Job:
        await worker.jobs.add("a", "tape", {})
        return await ended(worker, "a")

    job, log = with_worker(tmp_path, scenario)
    assert (job.status, job.error) == ("failed", "Unknown job type tape")
    assert "[Worker] Claimed job a (tape)" in log


def test_job_that_breaks_the_code_does_not_end_the_worker(tmp_path: Path) -> None:
    async def scenario(worker: Worker, _: list[str]) -> Job:
        await worker.jobs.add("a", INGEST, {})
        await ended(worker, "a")
        await worker.jobs.add("b", INGEST, {"audioKey": "assets/b"})
        return await ended(worker, "b")

    job, log = with_worker(tmp_path, scenario)
    assert "[Worker] Failed job a: KeyError: 'audioKey'" in log
    assert job.error == "ENOENT: no such file or directory, open '/app/uploads/assets/b'"


def test_server_that_repeats_the_body_puts_no_secret_into_the_job(tmp_path: Path) -> None:
    async def repeat(scope: Any, receive: Any, send: Any) -> None:
        body = await Request(scope, receive).body()
        await PlainTextResponse(body, 422)(scope, receive, send)

    async def scenario() -> Job:
        certificates = Certificates(tmp_path)
        network = Network(certificates.authority_path)
        listener = await serve(repeat, certificates=certificates)
        worker = Worker(VARIABLES | {"MODAL_ENDPOINT_URL": listener.url}, network, lambda _: None)
        worker.start()
        await worker.jobs.add("a", RENDER, {"audio": {"type": "storage", "key": "assets/a"}})
        job = await ended(worker, "a")
        await worker.stop()
        await network.reset()
        await listener.close()
        return job

    error = asyncio.run(scenario()).error or ""
    assert error.startswith("Modal dispatch failed: HTTP 422 ")
    assert "the-" not in error


async def stalled(jobs: Jobs, database: LocalDatabase, job_id: str, seconds: float, **columns: Any) -> Job:
    """A claimed job that nothing was written to for so long."""
    await jobs.add(job_id, columns.pop("type", INGEST), {})
    await jobs.claim()
    moment = datetime.now(UTC) - timedelta(seconds=seconds)
    changes = {"updatedAt": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"), **columns}
    sets = ", ".join(f"{name} = ?" for name in changes)
    sql = f"UPDATE audio_prep_jobs SET {sets} WHERE jobId = ?"  # noqa: S608
    await database.execute((sql, [*changes.values(), job_id]))
    job = await jobs.find(job_id)
    assert job is not None
    return job


@pytest.mark.parametrize(
    ("seconds", "columns", "status", "error"),
    [
        (5, {}, "processing", None),
        (20, {}, "pending", None),
        (20, {"retryCount": 2}, "failed", "Stalled 3 times"),
        (60, {"type": RENDER, "stage": "rendering"}, "processing", None),
        (3600, {"type": RENDER, "stage": "rendering"}, "failed", "The render's callback never came"),
    ],
)
def test_stalled_jobs_are_queued_again_or_ended(
    seconds: float, columns: dict[str, Any], status: str, error: str | None
) -> None:
    async def scenario() -> None:
        database = LocalDatabase()
        jobs, log = Jobs(database), list[str]()
        settings = Settings.of(VARIABLES | {"WORKER_INGEST_TIMEOUT_MS": "10000"})
        await stalled(jobs, database, "a", seconds, **columns)
        await reap(jobs, settings, log.append)
        job = await jobs.find("a")
        assert job is not None
        assert (job.status, job.error) == (status, error)
        assert bool(log) is (status != "processing")

    asyncio.run(scenario())


def test_progress_of_a_job_that_has_ended_is_not_reported(tmp_path: Path) -> None:
    async def scenario() -> None:
        jobs = Jobs(LocalDatabase())
        await jobs.add("a", RENDER, {"audio": 1})
        await jobs.claim()
        await jobs.complete("a", {"videoKey": "renders/a/output.mp4"})
        await jobs.advance("a", "rendering", 50, {"callId": "fc-1"})
        job = await jobs.find("a")
        assert job is not None
        assert (job.status, job.stage, job.progress) == ("complete", "complete", 100)

    asyncio.run(scenario())


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
        await jobs.add("a", INGEST, metadata)
        job = await jobs.find("a")
        assert job is not None
        assert job.metadata == json.loads(json.dumps(metadata))
        assert (job.status, job.retries, job.result, job.progress) == ("pending", 0, None, 0)
        assert await jobs.find("b") is None

    asyncio.run(scenario())
