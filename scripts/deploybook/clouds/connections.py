"""The clients of one run, each made when it is first asked for, from the environment's endpoints and credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import cached_property, partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import SecretStr

from deploybook.errors import DeploybookError, OtherAccount
from deploybook.state.pins import Account, Pins

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
    from deploybook.state.vault import Vault

# The vault's variables that name an account: what an environment without a pin yet is held to.
RECORDED_ACCOUNTS = {"cloudflare": "R2_ACCOUNT_ID", "vercel": "VERCEL_ORG_ID"}
TITLES = {
    "cloudflare": "Cloudflare",
    "turso": "Turso",
    "modal": "Modal",
    "vercel": "Vercel",
    "render": "Render",
    "github": "GitHub",
}
# How the operator comes back to the account in which the environment lives.
REMEDIES = {
    "cloudflare": "Export that account's CLOUDFLARE_ACCOUNT_ID, and a CLOUDFLARE_API_TOKEN of it.",
    "turso": "Export that TURSO_ORGANIZATION, and a TURSO_API_TOKEN of it.",
    "modal": "Export MODAL_TOKEN_ID and MODAL_TOKEN_SECRET of that workspace.",
    "vercel": "Export that VERCEL_TEAM_ID (none for a personal account), and a VERCEL_TOKEN of it.",
    "render": "Set that workspace with -p owner, and export its RENDER_API_KEY.",
    "github": "Set that repository with -p git_repository.",
}


@runtime_checkable
class Naming(Protocol):
    """A client whose account is known by an id, and has a name that a request tells."""

    def named_account(self) -> Account:
        """The account with its name."""


class Connections:
    """Clients by provider. Raises MissingVariable, at first use, for a credential that is not set.

    With ``pins`` and ``vault`` every client is held to the account in which the environment lives: OtherAccount is raised, with both
    names, before the first request that depends on the account. Providers' modules are imported here at first use: a section pays the
    start-up time of its own provider only.
    """

    def __init__(self, environ: Mapping[str, str], pins: Pins | None = None, vault: Vault | None = None) -> None:
        self._environ = environ
        self._pins = pins
        self._vault = vault
        self._accounts: dict[str, Account] = {}
        # Whether ``destroy`` may remove what is in a bucket.
        self.may_empty = False
        self._opened = ExitStack()

    def vault_values(self) -> dict[str, SecretStr]:
        """What the vault holds; nothing where there is none."""
        return self._vault.all() if self._vault else {}

    def home(self, provider: str) -> Account | None:
        """The account in which the environment lives: the pinned one, else the one that the vault names."""
        if self._pins and (pin := self._pins.get(provider)):
            return pin
        recorded = (
            self._vault.get(RECORDED_ACCOUNTS[provider]) if self._vault and provider in RECORDED_ACCOUNTS else None
        )
        return Account(id=recorded.get_secret_value()) if recorded else None

    def account(self, provider: str) -> Account:
        """The account that the credentials of a provider lead to; asked for once."""
        if provider not in self._accounts:
            # Whoever opens a client, or resolves a workspace or repository, settles its account.
            account: Account = getattr(self, provider).account()
            self._settle(provider, account)
        return self._accounts[provider]

    def pin(self, provider: str) -> None:
        """Note that the environment lives in the account that the credentials lead to, unless one is noted already."""
        if self._pins and self._pins.get(provider) is None:
            self.account(provider)
            client = getattr(self, provider)
            self._pins.put(provider, _named(client, client.account()))

    def _settle(self, provider: str, account: Account, client: object = None) -> None:
        if provider not in self._accounts and (home := self.home(provider)) and home.id != account.id:
            environment = self._pins.environment if self._pins else "the environment"
            path = self._pins.path if self._pins else "its pins"
            named = _named(client, account)
            raise OtherAccount(
                f"{environment} is in {TITLES[provider]}'s account {home}, and these credentials belong to {named}.",
                f"{REMEDIES[provider]} To move {environment} for good, take {provider} out of {path} and of the vault.",
            )
        self._accounts[provider] = account

    def close(self) -> None:
        """Close every connection that was opened; a client asked for later opens its own again."""
        self._opened.close()

    @cached_property
    def cloudflare(self) -> Cloudflare:
        """Cloudflare's REST API: ``CLOUDFLARE_API_TOKEN``, ``CLOUDFLARE_ACCOUNT_ID``, ``CLOUDFLARE_API_URL``."""
        from deploybook.clouds.r2.client import Cloudflare

        client = self._opened.enter_context(closing(Cloudflare.from_environment(self._environ)))
        self._settle("cloudflare", client.account(), client)
        return client

    def objects(self, variables: Mapping[str, SecretStr]) -> Store | None:
        """R2's S3 API by the four R2 variables (``R2_ENDPOINT_URL`` overrides the endpoint); None while one of them is missing."""
        from deploybook.clouds.r2.objects import Store

        store = Store.from_variables(variables, self._environ)
        return store and self._opened.enter_context(closing(store))

    @cached_property
    def turso(self) -> Turso:
        """Turso's Platform API: ``TURSO_API_TOKEN``, ``TURSO_ORGANIZATION``, ``TURSO_API_URL``."""
        from deploybook.clouds.turso.client import Turso

        client = self._opened.enter_context(closing(Turso.from_environment(self._environ)))
        self._settle("turso", client.account())
        return client

    def libsql(self, variables: Mapping[str, SecretStr]) -> LibSql | None:
        """The database at ``TURSO_DATABASE_URL`` with ``TURSO_AUTH_TOKEN``; None while one of them is missing."""
        from deploybook.clouds.turso.hrana import LibSql

        database = LibSql.from_variables(variables)
        return database and self._opened.enter_context(closing(database))

    @cached_property
    def modal(self) -> Modal:
        """Modal's SDK: ``MODAL_TOKEN_ID``, ``MODAL_TOKEN_SECRET``, ``MODAL_SERVER_URL``."""
        from deploybook.clouds.modal.client import Modal

        client = self._opened.enter_context(closing(Modal.from_environment(self._environ)))
        if self.home("modal"):
            self._settle("modal", client.account())
        return client

    @cached_property
    def vercel(self) -> Vercel:
        """Vercel's REST API: ``VERCEL_TOKEN``, ``VERCEL_TEAM_ID``, ``VERCEL_API_URL``."""
        from deploybook.clouds.vercel.client import Vercel

        home = self.home("vercel")
        team = home.id if home and home.id.startswith("team_") else ""
        client = self._opened.enter_context(closing(Vercel.from_environment(self._environ, team)))
        # A team is known by its id; whose personal account it is tells a request.
        if home or client.team_id:
            self._settle("vercel", client.account(named=False), client)
        return client

    @cached_property
    def render(self) -> Render:
        """Render's REST API: ``RENDER_API_KEY``, ``RENDER_API_URL``."""
        from deploybook.clouds.render.client import Render

        home = self.home("render")
        client = Render.from_environment(self._environ, home.id if home else "", partial(self._settle, "render"))
        return self._opened.enter_context(closing(client))

    def journey(
        self, variables: Mapping[str, ConsumerVariable], job_seconds: float, on_progress: Callable[[str], object] = str
    ) -> Journey | None:
        """The end-to-end check of the application at ``NEXT_PUBLIC_APP_URL``; None while a variable that it needs is missing.

        ``on_progress`` is called with each change while a job is waited for.
        """
        from deploybook.clouds.studio.client import Studio
        from deploybook.clouds.studio.journey import Journey

        values = {name: variable.value for name, variable in variables.items()}
        studio = Studio.from_variables(values, self._environ)
        store, database = self.objects(values), self.libsql(values)
        secret = values.get("INTERNAL_WEBHOOK_SECRET")
        if studio is None or store is None or database is None or secret is None:
            return None
        worker, status_url = (
            values[name].get_secret_value() if name in values else ""
            for name in ("RENDER_SERVICE_ID", "MODAL_STATUS_URL")
        )
        self._opened.enter_context(closing(studio))
        return Journey(studio, store, database, secret, job_seconds, worker, status_url, on_progress)

    @cached_property
    def github(self) -> GitHub:
        """GitHub's REST API: ``GITHUB_TOKEN``, ``GITHUB_API_URL``; ``GITHUB_REPOSITORY`` where no repository is named."""
        from deploybook.clouds.github.client import GitHub

        client = GitHub.from_environment(self._environ, self.home("github"), partial(self._settle, "github"))
        return self._opened.enter_context(closing(client))


def _named(client: object, account: Account) -> Account:
    """The account with the name that its provider has for it; as it is where that cannot be read."""
    if account.name or not isinstance(client, Naming):
        return account
    try:
        return client.named_account()
    except DeploybookError:
        return account
