"""What the operator sees of a job during the wait, and what the worker's log must say of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from deploybook.clouds.render.schema import ServiceAnswer
from deploybook.clouds.studio import Journey, worker_log_names_job
from deploybook.clouds.studio.progress import Progress
from deploybook.errors import NotTested, VerificationFailed

JOB = "0b4d7c1e-0000-4000-8000-000000000000"
CLAIMED, FINISHED = f"[Worker] Claimed job {JOB} (preview)", f"[Worker] Finished job {JOB}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be moved by hand; nothing really sleeps."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


class Log:
    """Render's log: each reading has one line more."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        self.readings = 0
        self.render = self

    def service(self, service_id: str) -> ServiceAnswer:
        return ServiceAnswer.model_validate({"id": service_id, "ownerId": "tea-x"})

    def logs(self, owner: str, service: str, since: str, texts: tuple[str, ...] = ()) -> list[str]:
        assert owner == "tea-x"
        assert service == "srv-x"
        assert since[-1] == "Z"
        self.readings += 1
        return [line for line in self.lines[: self.readings] if not texts or any(text in line for text in texts)]


def journey(job: str = JOB) -> Journey:
    unused: Any = SimpleNamespace()
    walk = Journey(unused, unused, unused, SecretStr("x"), 60, "srv-x")
    walk.preview_job = job
    return walk


def tells(log: Log, job: str = JOB) -> str:
    clouds: Any = log
    return worker_log_names_job(journey(job), clouds)


def test_lines_that_come_late_are_waited_for(clock: list[float]) -> None:
    log = Log("[Worker] Started, polling every 3000ms", CLAIMED, FINISHED)
    assert tells(log) == f"{CLAIMED} · {FINISHED}"
    assert log.readings == 3
    assert clock[0] == 1000.5


@pytest.mark.parametrize(
    ("lines", "message", "expected", "actual"),
    [
        ((CLAIMED, f"[Worker] Job {JOB} failed: no space"), "did not finish", FINISHED, f"[Worker] Job {JOB} failed: no space"),
        (("LibsqlError: SERVER_ERROR: Server returned HTTP status 401",), "does not name the job", f"[Worker] Claimed job {JOB}",
         "LibsqlError: SERVER_ERROR: Server returned HTTP status 401"),
        ((f"[Worker] Claimed job {JOB[::-1]} (preview)",), "does not name the job", f"[Worker] Claimed job {JOB}",
         f"[Worker] Claimed job {JOB[::-1]} (preview)"),
        ((), "does not name the job", f"[Worker] Claimed job {JOB}", "an empty log"),
    ],
    ids=["failed", "refused by the database", "another job", "silent"],
)  # fmt: skip
@pytest.mark.usefixtures("clock")
def test_a_log_that_does_not_say_that_the_job_was_done_is_told(
    lines: tuple[str, ...], message: str, expected: str, actual: str
) -> None:
    with pytest.raises(VerificationFailed, match=message) as caught:
        tells(Log(*lines))
    assert caught.value.expected == expected
    assert caught.value.found == actual


def test_without_a_job_no_log_is_read() -> None:
    log = Log()
    with pytest.raises(NotTested, match="no job to look for"):
        tells(log, "")
    assert log.readings == 0


def test_each_change_is_told_once(clock: list[float]) -> None:
    notes: list[str] = []
    progress = Progress("j", notes.append)
    for answer in (
        {"status": "pending", "queuePosition": 1, "progress": 0},
        {"status": "pending", "queuePosition": 1, "progress": 0},
        {"status": "processing", "stage": "rendering\n frames", "progress": 12.5},
    ):
        progress.see(answer)
        clock[0] += 1
    assert notes == ["job j: pending, place 2 in the queue", "job j: processing, stage rendering frames, progress 12.5"]


def test_ten_minutes_of_changes_twice_a_second_are_few_notes(clock: list[float]) -> None:
    notes: list[str] = []
    progress = Progress("j", notes.append)
    for number in range(1200):
        progress.see({"status": "processing", "stage": f"frame {number}", "progress": number / 12})
        clock[0] += 0.5
    assert 20 <= len(notes) <= 30
    clock[0] += 60
    progress.see({"error": "not found"})
    assert "frame" in notes[-1], "an answer without a status says nothing of the job"


@pytest.mark.usefixtures("clock")
def test_worker_with_a_job_store_of_its_own_is_told_from_one_that_is_silent() -> None:
    log = Log("[Worker] Using job store backend: local", "[Worker] Started, polling every 3000ms")
    with pytest.raises(VerificationFailed, match="in a file of its own") as caught:
        tells(log)
    assert caught.value.entry == "worker-job-store"
