"""GitHub in the sandbox: one private repository, and one operator with a fine-grained token."""

from __future__ import annotations

from collections.abc import Mapping

from deploybook.sandbox.core.freezing import Part
from deploybook.sandbox.core.service import Context, Service
from deploybook.sandbox.github.api import GitHub, GitHubApi
from deploybook.sandbox.github.backend.actions import Actions, Runner
from deploybook.sandbox.github.routes import OPERATIONS
from deploybook.sandbox.github.state.repository import Repository
from deploybook.sandbox.github.state.tokens import Tokens


class GitHubService(Service):
    """The API, and the web page on which a person makes further tokens."""

    name = "github"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.repository = Repository("studio", "app")
        self.actions = Actions(self.repository, Runner(self.repository, self._vercel_url, context.clock))
        self.tokens = Tokens()
        self._api = GitHubApi(GitHub(self.tokens, self.repository, self.actions), OPERATIONS)
        self._url = ""

    async def start(self) -> None:
        """Open the port."""
        self._url = await self.serve(self._api.app())

    def exports(self) -> dict[str, str]:
        """The API, the operator's token, and the repository as ``owner/name``."""
        return {
            "GITHUB_API_URL": self._url,
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
        self.tokens.clear()
        self._api.windows.clear()

    def state(self) -> list[Part]:
        """The repository, tokens, workflows and their runs."""
        runner = self.actions.runner
        parts = [Part(self.repository), Part(self.tokens), Part(self.actions, only=("by_path",))]
        return [*parts, Part(runner, only=("runs", "_counts"))]

    def busy(self) -> str:
        """Runs that go on, those that wait for a runner too."""
        going = [run for run in self.actions.runner.runs if run.status != "completed"]
        return f"{len(going)} runs of GitHub Actions go on" if going else ""

    async def close(self) -> None:
        """End the runs and free the port."""
        await self.actions.clear()
        await super().close()

    def _vercel_url(self) -> str:
        """The address of the sandbox's Vercel, where runs of the deploy workflow try their token; empty without a Vercel."""
        vercel = self.context.services.get("vercel")
        return vercel.exports().get("VERCEL_API_URL", "") if vercel else ""
