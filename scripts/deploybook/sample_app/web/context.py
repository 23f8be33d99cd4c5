"""What one deployment of the web app is made of: the variables that it was built with, and the backends that they choose."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

from deploybook.sample_app.assets import Assets
from deploybook.sample_app.backends import job_store, stores_in_r2
from deploybook.sample_app.background import Background
from deploybook.sample_app.defects import NONE, Defect, Defects
from deploybook.sample_app.hrana import Hrana
from deploybook.sample_app.jobs import Jobs
from deploybook.sample_app.local import LocalDatabase
from deploybook.sample_app.network import Network
from deploybook.sample_app.objects import R2, LocalDisk, Storage
from deploybook.sample_app.problems import DatabaseFailed, Variables


@dataclass
class Web:
    """The web app's variables and what it holds on to between requests."""

    variables: Variables
    network: Network
    background: Background
    defects: Defects = NONE
    disk: LocalDisk = field(default_factory=LocalDisk)
    _jobs: Jobs | None = None

    def storage(self) -> Storage:
        """Where files are: chosen by ``STORAGE_BACKEND``, and by ``DEPLOY_ENV`` without it."""
        return R2(self.variables, self.network.client()) if stores_in_r2(self.variables) else self.disk

    @property
    def hands_out_addresses(self) -> bool:
        """Whether download and preview answer with a signed URL: they read ``STORAGE_BACKEND`` alone, and send the bytes without it."""
        return self.variables.get("STORAGE_BACKEND") == "r2"

    def assets(self) -> Assets:
        """The assets in the storage."""
        return Assets(self.storage())

    def jobs(self) -> Jobs:
        """The job store: Turso, or a table that nobody else sees."""
        if Defect.JOB_ROUTES in self.defects:
            raise DatabaseFailed("a is not a constructor")
        if self._jobs is None:
            self._jobs = Jobs(self._database())
        return self._jobs

    def _database(self) -> Hrana | LocalDatabase:
        if job_store(self.variables) != "turso":
            return LocalDatabase()
        url, token = self.variables.get("TURSO_DATABASE_URL", ""), self.variables.get("TURSO_AUTH_TOKEN", "")
        return Hrana(url, token, self.network.client())


def web_of(request: Request) -> Web:
    """The deployment that a request came to."""
    web: Web = request.app.state.web
    return web


def log(request: Request, line: str, level: str = "info") -> None:
    """Write to the deployment's runtime log."""
    request.scope["state"]["log"](line, level)
