"""What one deployment of the web app is made of: the variables that it was built with, and the backends that they choose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse

from deploybook.sample_app.backends import job_store, stores_in_r2
from deploybook.sample_app.hrana import Hrana
from deploybook.sample_app.jobs import Jobs
from deploybook.sample_app.local import LocalDatabase
from deploybook.sample_app.network import Network
from deploybook.sample_app.objects import R2, LocalDisk, Storage
from deploybook.sample_app.problems import Variables, require

# The only folder of a Vercel function that can be written; it is gone with the instance.
FOLDER = "/tmp/uploads"  # noqa: S108


@dataclass
class Web:
    """The web app's variables and what it holds on to between requests."""

    variables: Variables
    network: Network
    disk: LocalDisk = field(default_factory=lambda: LocalDisk(FOLDER))
    asked: dict[str, float] = field(default_factory=dict)
    _jobs: Jobs | None = None

    def client(self, seconds: float = 30) -> httpx.AsyncClient:
        """A client of the outside."""
        return self.network.client(seconds)

    def storage(self) -> Storage:
        """Where uploads go: chosen by ``STORAGE_BACKEND``, and by ``DEPLOY_ENV`` without it."""
        return R2(self.variables, self.client()) if stores_in_r2(self.variables) else self.disk

    def playback_storage(self) -> Storage:
        """Where the download and preview routes look: they read ``STORAGE_BACKEND`` alone."""
        if self.variables.get("STORAGE_BACKEND") == "r2":
            return R2(self.variables, self.client())
        return self.disk

    def jobs(self) -> Jobs:
        """The job store: Turso, or a table that nobody else sees."""
        if self._jobs is None:
            self._jobs = Jobs(self._database())
        return self._jobs

    def _database(self) -> Hrana | LocalDatabase:
        if job_store(self.variables) != "turso":
            return LocalDatabase()
        url, token = require(self.variables, "Jobs", "TURSO_DATABASE_URL", "TURSO_AUTH_TOKEN")
        return Hrana(url, token, self.client())


def web_of(request: Request) -> Web:
    """The deployment that a request came to."""
    web: Web = request.app.state.web
    return web


def log(request: Request, line: str, level: str = "info") -> None:
    """Write to the deployment's runtime log."""
    request.scope["state"]["log"](line, level)


def done(**data: Any) -> JSONResponse:
    """``{success: true, data}``."""
    return JSONResponse({"success": True, "data": data})


def refused(status: int, error: str) -> JSONResponse:
    """``{success: false, error}``."""
    return JSONResponse({"success": False, "error": error}, status)


async def json_object(request: Request) -> dict[str, Any] | None:
    """The body if it is a JSON object, else None."""
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
