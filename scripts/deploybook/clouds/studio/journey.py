"""One end-to-end check on its way: what it has put into the application, to be taken out again."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from deploybook.clouds import scratch
from deploybook.clouds.r2.objects import Store
from deploybook.clouds.studio.audio import tone
from deploybook.clouds.studio.client import Answer, Studio
from deploybook.clouds.studio.inventory import Inventory
from deploybook.clouds.studio.progress import Progress, ProgressListener
from deploybook.clouds.turso.hrana import LibSql
from deploybook.clouds.waiting import wait_until
from deploybook.errors import ServiceError

# A render takes minutes, and its stages are shown.
LONGEST_PAUSE = 1.0
ENDED = frozenset({"complete", "failed", "cancelled"})
# This machine's clock may be ahead of the provider's, whose log is read from here on.
SKEW = datetime.timedelta(minutes=5)


def _just_before_now() -> str:
    return (datetime.datetime.now(datetime.UTC) - SKEW).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Journey:
    """The application, the vault's own view of its storage and its jobs, and the things made on the way.

    ``worker`` is the Render service that does the jobs, ``status_url`` where Modal is asked for a render; ``began`` (ISO 8601) is
    before the first job. ``on_progress`` is called with a job's progress during a wait.
    """

    studio: Studio
    store: Store
    database: LibSql
    webhook_secret: SecretStr
    job_seconds: float
    worker: str = ""
    status_url: str = ""
    on_progress: ProgressListener = str
    began: str = field(default_factory=_just_before_now)
    name: str = field(default_factory=scratch.new_name)
    audio: bytes = b""
    # The ids that the application gave: of the upload's job and its asset, and of the job that only the worker does.
    job: str = ""
    asset: str = ""
    preview_job: str = ""
    playback_url: str = ""
    before: Inventory | None = None
    assets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.audio = self.audio or tone(self.name)

    @property
    def filename(self) -> str:
        """The name under which the check's file is uploaded; it stands in the rows and in the assets that come of it."""
        return f"{self.name}.wav"

    @property
    def key(self) -> str:
        """Where the two-step upload puts the file."""
        return f"assets/{self.name}/tone.wav"

    def poll(self, job: str, seconds: float) -> Answer:
        """The job's last answer: when it has ended, or when the time is up."""
        progress = Progress(job, self.on_progress)

        def read() -> Answer:
            answer = self.studio.call("ask for the job", "GET", f"/api/audio/jobs/{job}")
            if not _has_ended(answer):
                progress.see(answer.body)
            return answer

        return wait_until(_has_ended, read, seconds, longest_pause=LONGEST_PAUSE, subject="the job")

    def row(self, job: str) -> dict[str, Any] | None:
        """The job's row in the vault's own database, or None."""
        try:
            rows = self.database.query("SELECT * FROM audio_prep_jobs WHERE jobId = ?", job)
        except ServiceError as error:
            if "no such table" in str(error):
                return None
            raise
        return dict(rows[0]) if rows else None

    def rendered(self, job: str) -> bool | None:
        """Whether the job's video lies in the vault's bucket; None if R2 does not say."""
        try:
            self.store.call("head_object", Key=f"renders/{job}/output.mp4")
        except ServiceError as error:
            return False if error.status == 404 else None
        return True


def _has_ended(answer: Answer) -> bool:
    """Whether there is nothing to wait for: the job has ended, or cannot be asked for."""
    return answer.status != 200 or answer.body.get("status") in ENDED
