"""The worker's own variables, read once at its start. A number that is none is the default."""

from __future__ import annotations

from dataclasses import dataclass

from deploybook.sample_app.backends import job_store
from deploybook.sample_app.problems import Variables

_MINUTE = 60_000
# By type of job, in milliseconds: how long a row in processing may stay unchanged.
_LIMITS = {
    "ingest": 10 * _MINUTE,
    "preview": 5 * _MINUTE,
    "save": 15 * _MINUTE,
    "render": 24 * 60 * _MINUTE,
    "playlist": 48 * 60 * _MINUTE,
    "creator-recut": 4 * 60 * _MINUTE,
    "publish": 60 * _MINUTE,
    "creator-pack-sync": 10 * _MINUTE,
}


@dataclass(frozen=True)
class Settings:
    """Seconds, unless the name says otherwise."""

    poll_ms: int
    reaper: float
    limits: dict[str, float]
    default_limit: float
    job_store: str

    @classmethod
    def of(cls, variables: Variables) -> Settings:
        """Read the variables."""
        limits = {
            kind: _milliseconds(variables, f"WORKER_{kind.upper().replace('-', '_')}_TIMEOUT_MS", limit) / 1000
            for kind, limit in _LIMITS.items()
        }
        return cls(
            _milliseconds(variables, "WORKER_POLL_INTERVAL_MS", 3000),
            _milliseconds(variables, "WORKER_REAPER_INTERVAL_MS", 30_000) / 1000,
            limits,
            _milliseconds(variables, "WORKER_DEFAULT_TIMEOUT_MS", 10 * _MINUTE) / 1000,
            job_store(variables),
        )


def _milliseconds(variables: Variables, name: str, default: int) -> int:
    text = variables.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) else default
