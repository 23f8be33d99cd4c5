"""Cloudflare's REST API in the sandbox, over the R2 service's buckets and keys."""

from __future__ import annotations

from collections.abc import Sequence

from deploybook.sandbox.cloudflare.api import CloudflareApi
from deploybook.sandbox.cloudflare.routes import OPERATIONS
from deploybook.sandbox.cloudflare.state import Cloud, permissions
from deploybook.sandbox.cloudflare.state.permissions import ACCOUNT, USER
from deploybook.sandbox.cloudflare.state.policies import Owner, Policy, new_policy
from deploybook.sandbox.cloudflare.state.tokens import Token, digest, issue_value
from deploybook.sandbox.core.freezing import Part
from deploybook.sandbox.core.service import Context, Service, issue_id
from deploybook.sandbox.r2.service import ObjectService

# What the guide tells the operator to tick: "Workers R2 Storage: Edit" and "Account API Tokens: Edit".
_OPERATOR = (permissions.R2_WRITE, permissions.ACCOUNT_TOKENS_WRITE)
_USER = (permissions.USER_TOKENS_WRITE, permissions.USER_READ)


class CloudflareService(Service):
    """Needs the R2 service in the same sandbox."""

    name = "cloudflare"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        storage = context.service(ObjectService).storage
        self.cloud = Cloud(storage, Owner(storage.account_id, issue_id()))
        self._values = {owner: issue_value(owner) for owner in ("account", "user")}
        self._operators = [self._operator(owner) for owner in self._values]
        self._url = ""

    async def start(self) -> None:
        """Make the operators' tokens, then listen."""
        await self._issue()
        self._url = await self.serve(CloudflareApi(self.cloud, OPERATIONS).app())

    def exports(self) -> dict[str, str]:
        """The API, the account, and an account-owned token; a user-owned one beside it for clients that must take both."""
        return {
            "CLOUDFLARE_API_URL": f"{self._url}{CloudflareApi.base}",
            "CLOUDFLARE_ACCOUNT_ID": self.cloud.owner.account_id,
            "CLOUDFLARE_API_TOKEN": self._values["account"],
            "DEPLOYBOOK_SANDBOX_CLOUDFLARE_USER_TOKEN": self._values["user"],
        }

    @property
    def operator(self) -> Token:
        """The account-owned token that the exports hold, as it is now; KeyError if it was deleted."""
        return self.cloud.tokens.by_id[self._operators[0].id]

    def operator_policies(self, names: tuple[str, ...]) -> tuple[Policy, ...]:
        """What an account-owned token has to which these permissions are given."""
        return self._policies([(names, f"{ACCOUNT}.{self.cloud.owner.account_id}")])

    async def replace_operator(self) -> None:
        """Make another account-owned token for the operator; the exports hold it from now on."""
        self._values["account"] = issue_value("account")
        self._operators[0] = self._operator("account")
        await self.cloud.keep(self._operators[0])

    async def reset(self) -> None:
        """Delete every token and its key but the operators' own, which become again what they were."""
        await self.cloud.clear()
        await self._issue()

    def state(self) -> list[Part]:
        """The tokens, and which of them are the operator's."""
        return [Part(self.cloud, but=("storage", "limit")), Part(self, only=("_values", "_operators"))]

    async def vacate(self) -> None:
        """Forget the calls alone: the keys of the tokens are the R2 service's."""
        self.cloud.limit.clear()

    async def _issue(self) -> None:
        for token in self._operators:
            await self.cloud.keep(token)

    def _operator(self, owner: str) -> Token:
        account, user = f"{ACCOUNT}.{self.cloud.owner.account_id}", f"{USER}.{self.cloud.owner.user_id}"
        granted = [(_OPERATOR, account)] if owner == "account" else [(_OPERATOR, account), (_USER, user)]
        return Token(f"operator ({owner}-owned)", owner, self._policies(granted), digest(self._values[owner]))

    def _policies(self, granted: Sequence[tuple[tuple[str, ...], str]]) -> tuple[Policy, ...]:
        return tuple(
            new_policy(self.cloud.owner, [permissions.named(name).id for name in names], {resource: "*"})
            for names, resource in granted
        )
