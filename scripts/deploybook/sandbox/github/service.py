"""GitHub as a service of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.core.serving import Listener
from deploybook.sandbox.github.actions import Actions
from deploybook.sandbox.github.models import Repository
from deploybook.sandbox.github.requests import Gate
from deploybook.sandbox.github.responses import github_app
from deploybook.sandbox.github.runs import Runner
from deploybook.sandbox.github.tokens import Tokens


class GitHubService(Service):
    """One private repository, one operator's fine-grained token.

    A person makes further tokens on the web page: ``POST /settings/personal-access-tokens/new`` with permissions as form
    fields (``secrets=read``), signed in by the operator's token as ``Authorization: Bearer`` or in the cookie
    ``user_session``; the page shows the new token in ``<code id="new-oauth-token">``.
    """

    name = "github"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.tokens = Tokens()
        self.repository = Repository("studio", "app")
        self.actions = Actions(self.repository, Runner(self.repository, self._vercel_url))
        self.gate = Gate(self.tokens, self.repository)
        self._listener: Listener | None = None

    async def start(self) -> None:
        """Open the port. The app is made once its address is known, because its links begin with it."""

        async def late(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)

        self._listener = await self.context.serve(self.name, late)
        app = github_app(self.actions, self.gate, self._listener.url)

    def exports(self) -> dict[str, str]:
        """The API, the operator's token, and the repository as ``owner/name``."""
        return {
            "GITHUB_API_URL": self._listener.url if self._listener else "",
            "GITHUB_TOKEN": self.tokens.operator.value,
            "GITHUB_REPOSITORY": self.repository.full_name,
        }

    def issue_token(self, permissions: Mapping[str, str]) -> str:
        """A further token with these permissions, as a person makes one on the web page."""
        return self.tokens.issue(permissions).value

    async def reset(self) -> None:
        """Back to one commit and no secrets; the token, the repository's key and the port stay."""
        await self.actions.clear()
        self.repository.clear()
        self.tokens.others.clear()
        self.gate.windows.clear()

    async def close(self) -> None:
        """End the runs and free the port."""
        await self.actions.clear()
        if self._listener:
            await self._listener.close()

    def _vercel_url(self) -> str:
        """Where the sandbox's Vercel is, if it runs; runs of the deploy workflow try their token there."""
        vercel = self.context.services.get("vercel")
        return vercel.exports().get("VERCEL_API_URL", "") if vercel else ""
