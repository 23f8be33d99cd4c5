"""The clients of one run, each made when it is first asked for, from the environment's endpoints and credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

if TYPE_CHECKING:
    from deploybook.clouds.github.client import GitHub
    from deploybook.clouds.modal.client import Modal
    from deploybook.clouds.r2.client import Cloudflare
    from deploybook.clouds.r2.objects import Store
    from deploybook.clouds.render.client import Render
    from deploybook.clouds.studio.journey import Journey
    from deploybook.clouds.turso.client import Turso
    from deploybook.clouds.turso.hrana import LibSql
    from deploybook.clouds.vercel.client import Vercel
    from deploybook.contract.consumers import ConsumerVariable


class Connections:
    """Clients by provider. Raises MissingVariable, at first use, for a credential that is not set.

    Providers' modules are imported here at first use: a section pays the start-up time of its own provider only.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._opened = ExitStack()

    def close(self) -> None:
        """Close every connection that was opened; a client asked for later opens its own again."""
        self._opened.close()

    @cached_property
    def cloudflare(self) -> Cloudflare:
        """Cloudflare's REST API: ``CLOUDFLARE_API_TOKEN``, ``CLOUDFLARE_ACCOUNT_ID``, ``CLOUDFLARE_API_URL``."""
        from deploybook.clouds.r2.client import Cloudflare

        return self._opened.enter_context(closing(Cloudflare.from_environment(self._environ)))

    def objects(self, variables: Mapping[str, SecretStr]) -> Store | None:
        """R2's S3 API by the four R2 variables (``R2_ENDPOINT_URL`` overrides the endpoint); None while one of them is missing."""
        from deploybook.clouds.r2.objects import Store

        store = Store.from_variables(variables, self._environ)
        return store and self._opened.enter_context(closing(store))

    @cached_property
    def turso(self) -> Turso:
        """Turso's Platform API: ``TURSO_API_TOKEN``, ``TURSO_ORGANIZATION``, ``TURSO_API_URL``."""
        from deploybook.clouds.turso.client import Turso

        return self._opened.enter_context(closing(Turso.from_environment(self._environ)))

    def libsql(self, variables: Mapping[str, SecretStr]) -> LibSql | None:
        """The database at ``TURSO_DATABASE_URL`` with ``TURSO_AUTH_TOKEN``; None while one of them is missing."""
        from deploybook.clouds.turso.hrana import LibSql

        database = LibSql.from_variables(variables)
        return database and self._opened.enter_context(closing(database))

    @cached_property
    def modal(self) -> Modal:
        """Modal's SDK: ``MODAL_TOKEN_ID``, ``MODAL_TOKEN_SECRET``, ``MODAL_SERVER_URL``."""
        from deploybook.clouds.modal.client import Modal

        return self._opened.enter_context(closing(Modal.from_environment(self._environ)))

    @cached_property
    def vercel(self) -> Vercel:
        """Vercel's REST API: ``VERCEL_TOKEN``, ``VERCEL_TEAM_ID``, ``VERCEL_API_URL``."""
        from deploybook.clouds.vercel.client import Vercel

        return self._opened.enter_context(closing(Vercel.from_environment(self._environ)))

    @cached_property
    def render(self) -> Render:
        """Render's REST API: ``RENDER_API_KEY``, ``RENDER_API_URL``."""
        from deploybook.clouds.render.client import Render

        return self._opened.enter_context(closing(Render.from_environment(self._environ)))

    def journey(
        self, variables: Mapping[str, ConsumerVariable], job_seconds: float, tell: Callable[[str], object] = str
    ) -> Journey | None:
        """The end-to-end check of the application at ``NEXT_PUBLIC_APP_URL``; None while a variable that it needs is missing.

        ``tell`` hears how a job is getting on while it is waited for.
        """
        from deploybook.clouds.studio.client import Studio
        from deploybook.clouds.studio.journey import Journey

        values = {name: each.value for name, each in variables.items()}
        studio = Studio.from_variables(values, self._environ)
        store, database = self.objects(values), self.libsql(values)
        secret = values.get("INTERNAL_WEBHOOK_SECRET")
        if studio is None or store is None or database is None or secret is None:
            return None
        worker = values["RENDER_SERVICE_ID"].get_secret_value() if "RENDER_SERVICE_ID" in values else ""
        self._opened.enter_context(closing(studio))
        return Journey(studio, store, database, secret, job_seconds, worker, tell)

    @cached_property
    def github(self) -> GitHub:
        """GitHub's REST API: ``GITHUB_TOKEN``, ``GITHUB_API_URL``; ``GITHUB_REPOSITORY`` where no repository is named."""
        from deploybook.clouds.github.client import GitHub

        return self._opened.enter_context(closing(GitHub.from_environment(self._environ)))
