"""One end-to-end check on its way: what it has put into the application, to be taken out again."""

from __future__ import annotations

import datetime
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import SecretStr

from deploybook.clouds.r2.objects import Store
from deploybook.clouds.studio.audio import tone
from deploybook.clouds.studio.client import Answer, Studio
from deploybook.clouds.studio.progress import Progress, ProgressListener
from deploybook.clouds.turso.hrana import LibSql
from deploybook.clouds.waiting import wait_until
from deploybook.errors import ServiceError, VerificationFailed

POLL_SECONDS = 0.5
ENDED = frozenset({"complete", "failed", "cancelled"})
# This machine's clock may be ahead of the provider's, whose log is read from here on.
SKEW = datetime.timedelta(minutes=5)


def _just_before_now() -> str:
    return (datetime.datetime.now(datetime.UTC) - SKEW).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Journey:
    """The application, the vault's own view of its storage and its jobs, and the things made on the way.

    ``worker`` is the Render service that does the jobs; ``began`` (ISO 8601) is before the first of them. ``on_progress`` is called
    with a job's progress during a wait.
    """

    studio: Studio
    store: Store
    database: LibSql
    webhook_secret: SecretStr
    job_seconds: float
    worker: str = ""
    on_progress: ProgressListener = str
    began: str = field(default_factory=_just_before_now)
    audio: bytes = field(default_factory=tone)
    key: str = field(default_factory=lambda: f"assets/deploybook-check-{secrets.token_hex(8)}.wav")
    job: str = ""
    keys: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    def poll(self, job: str, seconds: float) -> Answer:
        """The job's last answer: when it has ended, or when the time is up."""
        progress = Progress(job, self.on_progress)

        def read() -> Answer:
            answer = self.studio.call("ask for the job", "GET", f"/api/audio/jobs/{job}")
            if not _has_ended(answer):
                progress.see(answer.body)
            return answer

        return wait_until(_has_ended, read, seconds, first_pause=POLL_SECONDS, longest_pause=POLL_SECONDS)

    def row(self, job: str) -> dict[str, Any] | None:
        """The job's row in the vault's own database, or None."""
        try:
            rows = self.database.query("SELECT * FROM audio_prep_jobs WHERE jobId = ?", job)
        except ServiceError as error:
            if "no such table" in str(error):
                return None
            raise
        return dict(rows[0]) if rows else None

    def rendered(self, job: str) -> bool:
        """Whether the job's video lies in the vault's bucket."""
        try:
            self.store.call("head_object", Key=f"renders/{job}/output.mp4")
        except ServiceError:
            return False
        return True

    def clean_up(self) -> str:
        """Remove every object and row that this check made; what can't be removed is named."""
        left: list[str] = []
        for key in dict.fromkeys([self.key, *self.keys, *self._keys_of_jobs()]):
            _try(partial(self.store.call, "delete_object", Key=key), key, left)
        for job in dict.fromkeys(self.jobs):
            _try(partial(self._delete_row, job), f"job {job}", left)
        if left:
            raise VerificationFailed(
                f"The check could not remove {', '.join(left)}.",
                "Remove them by hand; they are named deploybook-check.",
                "end-to-end",
            )
        return f"{len(self.jobs)} jobs and their objects"

    def _keys_of_jobs(self) -> list[str]:
        keys: list[str] = []
        for job in self.jobs:
            for prefix in (f"assets/{job}", f"renders/{job}", f"previews/{job}", f"assets/previews/{job}"):
                with suppress(ServiceError):
                    listed = self.store.call("list_objects_v2", Prefix=prefix).get("Contents", [])
                    keys += [item["Key"] for item in listed]
            with suppress(ServiceError):
                keys += _keys_in(self.row(job))
        return keys

    def _delete_row(self, job: str) -> None:
        if self.row(job) is not None:
            self.database.execute(("DELETE FROM audio_prep_jobs WHERE jobId = ?", (job,)))


def _keys_in(row: dict[str, Any] | None) -> list[str]:
    """Storage keys that a row's metadata and result name."""
    keys: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for member in value.values():
                walk(member)
        elif isinstance(value, list):
            for member in value:
                walk(member)
        elif isinstance(value, str) and value.startswith(("assets/", "renders/", "previews/")):
            keys.append(value)

    for column in ("metadata", "result"):
        with suppress(ValueError, TypeError):
            walk(json.loads((row or {}).get(column) or "null"))
    return keys


def _try(action: Callable[[], object], name: str, left: list[str]) -> None:
    try:
        action()
    except ServiceError as error:
        if error.status != 404:
            left.append(name)


def _has_ended(answer: Answer) -> bool:
    """Whether there is nothing to wait for: the job has ended, or cannot be asked for."""
    return answer.status != 200 or answer.body.get("status") in ENDED
