"""A Modal workspace through Modal's own SDK: its environments, secrets and apps.

Modal's gRPC API is internal to its SDK, so this client relies on the SDK's public methods, which are imported at first use only
(``connection.py`` says why).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import SecretStr

from deploybook.clouds.credentials import endpoint, required, secret
from deploybook.clouds.modal.connection import CONNECT_SECONDS, Connection
from deploybook.errors import NotFound
from deploybook.state.pins import Account

if TYPE_CHECKING:
    import modal

SERVER_URL = "https://api.modal.com,https://api.modal2.com"


@dataclass(frozen=True)
class SecretState:
    """A secret as Modal shows it: never its values."""

    id: str = ""
    created_at: str = ""
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AppState:
    """A deployed app: ``version`` counts its deploys, ``urls`` are those of the web functions that were asked for and are there.

    ``tags`` are its metadata, which anybody in the workspace can set.
    """

    id: str = ""
    version: int = 0
    urls: Mapping[str, str] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def url(self, function: str) -> str:
        """A web function's URL; empty where the function is not deployed."""
        return (self.urls or {}).get(function, "")


class Modal(Connection):
    """One workspace as the operator's token sees it. Every method raises a ServiceError when Modal refuses or does not answer."""

    def __init__(
        self, token_id: str, token_secret: SecretStr, server_url: str, *, seconds: float = CONNECT_SECONDS
    ) -> None:
        super().__init__(token_id, token_secret, server_url, seconds)
        # Looked up once; they belong to the client that looked.
        self._environments: dict[str, modal.Environment] = {}
        self._workspace = ""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Modal:
        """Reads ``MODAL_TOKEN_ID``, ``MODAL_TOKEN_SECRET`` and ``MODAL_SERVER_URL``."""
        return cls(
            required(environ, "MODAL_TOKEN_ID"),
            secret(environ, "MODAL_TOKEN_SECRET"),
            endpoint(environ, "MODAL_SERVER_URL", SERVER_URL),
        )

    def close(self) -> None:
        """Close the connection, and forget the environments that belong to its client."""
        self._environments.clear()
        super().close()

    def account(self) -> Account:
        """The workspace that the token belongs to."""
        return Account(id=self.workspace())

    def workspace(self) -> str:
        """The workspace's name, asked for once: a call that no wrong token survives (WorkspaceNameLookup)."""
        self._workspace = self._workspace or self._look_up_workspace()
        return self._workspace

    def _look_up_workspace(self) -> str:

        async def look(client: modal.Client) -> str:
            import modal

            workspace = modal.Workspace.from_context(client=client)
            await workspace.hydrate.aio(client)
            return workspace.name or ""

        return self.run("look up the workspace", look)

    def environment(self, name: str) -> str:
        """The name of a Modal environment, an empty one meaning the workspace's default (EnvironmentGetOrCreate, looking up only)."""

        async def look(client: modal.Client) -> str:
            import modal

            environments = modal.Environment
            place = environments.from_name(name, client=client) if name else environments.from_context(client=client)
            await place.hydrate.aio(client)
            self._environments[name] = place
            return place.name or name

        return self.run("look up the environment", look)

    def place(self, environment: str) -> tuple[str, str]:
        """The names of workspace and environment, each empty unless it was asked for before. Sends nothing."""
        state = self._environments.get(environment)
        return self._workspace, environment or (state and state.name) or ""

    def environment_id(self, name: str) -> str | None:
        """The id of a Modal environment, or None (EnvironmentGetOrCreate, looking up only)."""
        try:
            self.environment(name)
        except NotFound:
            return None
        return str(self._environments[name].object_id)

    def create_environment(self, name: str) -> None:
        """Make a Modal environment (EnvironmentCreate); one of this name is a Conflict."""

        async def make(client: modal.Client) -> None:
            import modal

            await modal.Environment.objects.create.aio(name, client=client)

        self.run(f"create the environment {name}", make)

    def apps(self, environment: str) -> list[str]:
        """The names of the live apps of an environment (AppList)."""

        async def look(client: modal.Client) -> list[str]:
            del client
            return [app.name for app in await self._environments[environment].apps.list.aio() if app.name]

        self._know(environment)
        return self.run("list the apps", look)

    def addresses(self, environment: str, functions: Collection[str]) -> dict[str, set[str]]:
        """The URLs of the live apps' web functions of these names, by app (AppList, FunctionGet)."""

        async def url(client: modal.Client, app: str, function: str) -> tuple[str, str | None]:
            import modal

            handle = modal.Function.from_name(app, function, environment_name=environment or None, client=client)
            try:
                return app, await handle.get_web_url.aio()
            except modal.exception.NotFoundError:
                return app, None

        async def look(client: modal.Client) -> dict[str, set[str]]:
            names = {app.name for app in await self._environments[environment].apps.list.aio() if app.name}
            pairs = await asyncio.gather(*(url(client, app, function) for app in names for function in functions))
            return {app: {address for name, address in pairs if address and name == app} for app in names}

        self._know(environment)
        return self.run("list the apps' addresses", look)

    def stop_runs(self, environment: str, ended: Callable[[str], bool]) -> list[str]:
        """Stop the live apps whose description is ``ended``, and return these (AppList, AppStop). An app that runs once has no name."""

        async def stop(client: modal.Client) -> list[str]:
            live = await self._environments[environment].apps.list.aio()
            over = [app for app in live if app.description and ended(app.description)]
            for app in over:
                await app.stop.aio(client=client)
            return [str(app.description) for app in over]

        self._know(environment)
        return self.run("stop the apps of checks that were killed", stop)

    def _know(self, environment: str) -> None:
        if environment not in self._environments:
            self.environment(environment)

    def secret(self, name: str, environment: str, required_keys: list[str] | None = None) -> SecretState | None:
        """A secret, or None. With ``required_keys`` Modal itself compares, and a missing key is a Conflict (SecretGetOrCreate)."""

        async def look(client: modal.Client) -> SecretState:
            import modal

            secret = modal.Secret.from_name(
                name, environment_name=environment or None, required_keys=required_keys or []
            )
            await secret.hydrate.aio(client)
            info = await secret.info.aio()
            # The names of the keys have no public accessor yet; modal's version is pinned, and a test reads them.
            return SecretState(secret.object_id, info.created_at.isoformat(), frozenset(await secret._get_keys.aio()))

        try:
            return self.run(f"look up the secret {name}", look)
        except NotFound:
            return None

    def create_secret(self, name: str, environment: str, values: Mapping[str, SecretStr]) -> None:
        """Make a secret; one of this name is a Conflict: ``allow_existing`` would keep its old values without a word."""
        plain = _plain(values)

        async def make(client: modal.Client) -> None:
            import modal

            await modal.Secret.objects.create.aio(name, plain, environment_name=environment or None, client=client)

        self.run(f"create the secret {name}", make)

    def update_secret(self, name: str, environment: str, values: Mapping[str, SecretStr]) -> None:
        """Set values in an existing secret, in one step; keys that are not named stay (SecretUpdate)."""
        plain = _plain(values)

        async def change(client: modal.Client) -> None:
            import modal

            secret = modal.Secret.from_name(name, environment_name=environment or None)
            await secret.hydrate.aio(client)
            await secret.update.aio(plain)

        self.run(f"update the secret {name}", change)

    def delete_secret(self, name: str, environment: str) -> None:
        """Remove a secret for good; one that is gone is no error (SecretDelete)."""

        async def remove(client: modal.Client) -> None:
            import modal

            await modal.Secret.objects.delete.aio(
                name, allow_missing=True, environment_name=environment or None, client=client
            )

        self.run(f"delete the secret {name}", remove)

    def app(self, name: str, environment: str, functions: tuple[str, ...]) -> AppState | None:
        """A deployed app and the URLs of those of its named web functions that are there, or None.

        AppGetOrCreate, FunctionGet, AppGetTags.
        """

        async def look(client: modal.Client) -> AppState:
            import modal

            app = await modal.App.lookup.aio(name, environment_name=environment or None, client=client)
            info = await app.info.aio()
            urls = {}
            for function in functions:
                handle = modal.Function.from_name(name, function, environment_name=environment or None, client=client)
                try:
                    urls[function] = await handle.get_web_url.aio()
                except modal.exception.NotFoundError:
                    continue
            endpoints = {function: url for function, url in urls.items() if url}
            return AppState(info.app_id, info.lifecycle.version or 0, endpoints, await app.get_tags.aio(client=client))

        try:
            return self.run(f"look up the app {name}", look)
        except NotFound:
            return None

    def tag_app(self, name: str, environment: str, tag: str, value: str) -> None:
        """Set one tag of a deployed app, and keep the others (AppGetTags, AppSetTags)."""

        async def change(client: modal.Client) -> None:
            import modal

            app = await modal.App.lookup.aio(name, environment_name=environment or None, client=client)
            tags = await app.get_tags.aio(client=client)
            await app.set_tags.aio({**tags, tag: value}, client=client)

        self.run(f"tag the app {name}", change)

    def stop_app(self, name: str, environment: str) -> None:
        """End an app and its containers for good; its name can be deployed again (AppStop)."""

        async def stop(client: modal.Client) -> None:
            import modal

            app = await modal.App.lookup.aio(name, environment_name=environment or None, client=client)
            await app.stop.aio(client=client)

        self.run(f"stop the app {name}", stop)


def _plain(values: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in values.items()}
