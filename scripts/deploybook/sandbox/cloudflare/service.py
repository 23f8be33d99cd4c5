"""Cloudflare's REST API in the sandbox, over the R2 service's buckets and keys."""

from __future__ import annotations

from collections.abc import Sequence

from deploybook.sandbox.cloudflare import permissions, policies
from deploybook.sandbox.cloudflare.gate import Cloud
from deploybook.sandbox.cloudflare.models import Token, digest, issue_value
from deploybook.sandbox.cloudflare.permissions import ACCOUNT, USER
from deploybook.sandbox.cloudflare.policies import Owner, Policy
from deploybook.sandbox.cloudflare.routes import BASE, application
from deploybook.sandbox.cloudflare.token_operations import hand_out
from deploybook.sandbox.core.service import Context, Service, issue_id
from deploybook.sandbox.core.serving import Listener
from deploybook.sandbox.r2.service import ObjectService

# What the guide tells the operator to tick: "Workers R2 Storage: Edit" and "Account API Tokens: Edit".
_OPERATOR = (permissions.R2_WRITE, permissions.ACCOUNT_TOKENS_WRITE)
_USER = (permissions.USER_TOKENS_WRITE, permissions.USER_READ)


class CloudflareService(Service):
    """Needs the R2 service in the same sandbox."""

    name = "cloudflare"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        objects = context.service(ObjectService)
        self.cloud = Cloud(objects, Owner(objects.account_id, issue_id()))
        self._values = {owner: issue_value(owner) for owner in ("account", "user")}
        self._operators = [self._operator(owner) for owner in self._values]
        self._listener: Listener | None = None

    async def start(self) -> None:
        """Hand out the operators' tokens, then listen."""
        await self._hand_out()
        self._listener = await self.context.serve(self.name, application(self.cloud))

    def exports(self) -> dict[str, str]:
        """The API, the account, and an account-owned token; a user-owned one beside it for clients that must take both."""
        if not self._listener:
            return {}
        return {
            "CLOUDFLARE_API_URL": f"{self._listener.url}{BASE}",
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
        await hand_out(self.cloud, self.cloud.tokens.add(self._operators[0]))

    async def reset(self) -> None:
        """Delete every token and its key but the operators' own, which become again what they were."""
        for token_id in list(self.cloud.tokens.by_id):
            await self.cloud.objects.remove_key(token_id)
        self.cloud.tokens.by_id.clear()
        self.cloud.limit.clear()
        await self._hand_out()

    async def close(self) -> None:
        """Stop listening."""
        if self._listener:
            await self._listener.close()
            self._listener = None

    async def _hand_out(self) -> None:
        for token in self._operators:
            await hand_out(self.cloud, self.cloud.tokens.add(token))

    def _operator(self, owner: str) -> Token:
        account, user = f"{ACCOUNT}.{self.cloud.owner.account_id}", f"{USER}.{self.cloud.owner.user_id}"
        granted = [(_OPERATOR, account)] if owner == "account" else [(_OPERATOR, account), (_USER, user)]
        return Token(f"operator ({owner}-owned)", owner, self._policies(granted), digest(self._values[owner]))

    def _policies(self, granted: Sequence[tuple[tuple[str, ...], str]]) -> tuple[Policy, ...]:
        body = [
            {"effect": "allow", "resources": {resource: "*"}, "permission_groups": _ids(names)}
            for names, resource in granted
        ]
        return tuple(policies.parse(body, self.cloud.owner))


def _ids(names: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"id": permissions.named(name).id} for name in names]
