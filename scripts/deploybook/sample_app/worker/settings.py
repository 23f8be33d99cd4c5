"""The worker's own variables, read once at its start."""

from __future__ import annotations

from dataclasses import dataclass

from deploybook.sample_app.backends import STORES, job_store
from deploybook.sample_app.jobs import INGEST
from deploybook.sample_app.problems import NotConfigured, Variables

_TIMEOUTS = {
    INGEST: "WORKER_INGEST_TIMEOUT_MS",
    "preview": "WORKER_PREVIEW_TIMEOUT_MS",
    "save": "WORKER_SAVE_TIMEOUT_MS",
}
_DEFAULTS = {INGEST: 600_000, "preview": 300_000, "save": 900_000}


@dataclass(frozen=True)
class Settings:
    """Seconds, unless the name says otherwise."""

    poll_ms: int
    reaper: float
    timeouts: dict[str, float]
    default_timeout: float
    job_store: str

    @classmethod
    def of(cls, variables: Variables) -> Settings:
        """Read the variables; raises NotConfigured for what the process exits on."""
        store = job_store(variables)
        if store not in STORES:
            raise NotConfigured("Worker", f"JOB_STORE_BACKEND must be one of {', '.join(STORES)}")
        if store == "turso" and not variables.get("TURSO_DATABASE_URL"):
            raise NotConfigured("Worker", "TURSO_DATABASE_URL is required")
        return cls(
            _milliseconds(variables, "WORKER_POLL_INTERVAL_MS", 3000),
            _milliseconds(variables, "WORKER_REAPER_INTERVAL_MS", 30_000) / 1000,
            {kind: _milliseconds(variables, name, _DEFAULTS[kind]) / 1000 for kind, name in _TIMEOUTS.items()},
            _milliseconds(variables, "WORKER_DEFAULT_TIMEOUT_MS", 600_000) / 1000,
            store,
        )

    def timeout(self, kind: str) -> float:
        """How long a job of this type may take."""
        return self.timeouts.get(kind, self.default_timeout)


def _milliseconds(variables: Variables, name: str, default: int) -> int:
    text = variables.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise NotConfigured("Worker", f"{name} must be a positive number of milliseconds")
    return int(text)
