"""Reports a job's progress during a wait: each change at once, then less and less often, because a long render has many."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

ProgressListener = Callable[[str], object]

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# The stage is the application's own text.
LONGEST_STAGE = 60


class Progress:
    """One job on its way. Two notes are at least a pause apart, and the pause doubles with each."""

    def __init__(self, job: str, on_progress: ProgressListener) -> None:
        self._job = job
        self._on_progress = on_progress
        self._latest = ""
        self._next, self._pause = 0.0, FIRST_PAUSE

    def see(self, answer: Mapping[str, Any]) -> None:
        """Look at an answer of GET ``/api/audio/jobs/{jobId}``, and report it if it says something new and the pause is over."""
        now, said = time.monotonic(), _said(answer)
        if not said or said == self._latest or now < self._next:
            return
        self._on_progress(f"job {self._job}: {said}")
        self._latest, self._next = said, now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)


def _said(answer: Mapping[str, Any]) -> str:
    """Such as ``processing, stage analyzing, progress 40``."""
    stage = " ".join(str(answer.get("stage") or "").split())[:LONGEST_STAGE]
    place, progress = answer.get("queuePosition"), answer.get("progress")
    parts = [
        str(answer.get("status") or ""),
        # The application counts from 0, and gives none to a job that does not wait.
        f"place {place + 1} in the queue" if isinstance(place, int) else "",
        f"stage {stage}" if stage else "",
        f"progress {progress:g}" if isinstance(progress, int | float) and progress else "",
    ]
    return ", ".join(part for part in parts if part)
