"""What exists at Cloudflare and who may do what with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from deploybook.sandbox.cloudflare.state.policies import Owner, r2_grants
from deploybook.sandbox.cloudflare.state.tokens import CallLimit, Token, Tokens
from deploybook.sandbox.r2.state import Storage
from deploybook.sandbox.r2.state.buckets import Key


@dataclass
class Cloud:
    """One account and one user, over R2's buckets and keys."""

    storage: Storage
    owner: Owner
    tokens: Tokens = field(default_factory=Tokens)
    limit: CallLimit = field(default_factory=CallLimit)
    # Whether the member whose tokens they are may make and change account tokens (cloudflare/cloudflare-docs#26550).
    super_administrator: bool = True

    async def keep(self, token: Token) -> Token:
        """Add or replace a token, and let R2 know what its S3 key may do; a token's life is looked at on every request."""
        self.tokens.keep(token)

        def usable(address: str) -> bool:
            current = self.tokens.by_id.get(token.id)
            return current is not None and current.works(address)

        grants = r2_grants(token.policies, self.owner.account_id)
        await self.storage.put_key(Key(token.id, token.secret, grants, usable))
        return token

    async def remove(self, owner: str, token_id: str) -> None:
        """Forget a token and its S3 key."""
        self.tokens.remove(owner, token_id)
        await self.storage.remove_key(token_id)

    async def clear(self) -> None:
        """Forget every token and every call."""
        for token_id in list(self.tokens.by_id):
            await self.storage.remove_key(token_id)
        self.tokens.by_id.clear()
        self.limit.clear()
        self.super_administrator = True
