"""R2's account: its buckets and S3 keys, over the server that holds the objects. No HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from deploybook.sandbox.core.service import issue_id
from deploybook.sandbox.r2.state.buckets import Bucket, Buckets, Key
from deploybook.sandbox.r2.state.rates import WriteRate


class ObjectServer(Protocol):
    """The real server: buckets with objects in them, and the keys that open it."""

    async def create_bucket(self, name: str) -> None:
        """Create a bucket."""

    async def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket."""

    async def put_empty(self, bucket: str, key: str) -> None:
        """Write an object without content."""

    async def purge(self, names: list[str]) -> None:
        """Delete buckets with all that is in them."""

    async def put_key(self, access_key_id: str, secret: str, actions: Sequence[str]) -> None:
        """Accept a key, or replace its secret and actions."""

    async def remove_key(self, access_key_id: str) -> None:
        """Accept a key no longer."""


@dataclass
class Storage:
    """Buckets and keys, here and in the server. Who gets a key is for Cloudflare's REST API to say."""

    server: ObjectServer
    account_id: str = field(default_factory=issue_id)
    buckets: Buckets = field(default_factory=Buckets)
    keys: dict[str, Key] = field(default_factory=dict)
    # On the monotonic clock: until then no key is known yet ("may take up to a minute", cloudflare-docs r2/reference/consistency.mdx).
    keys_known_from: float = 0.0
    rate: WriteRate = field(default_factory=WriteRate)

    async def create_bucket(self, bucket: Bucket) -> Bucket:
        """Create a bucket."""
        self.buckets.check_new(bucket.name, bucket.jurisdiction)
        await self.server.create_bucket(bucket.name)
        return self.buckets.add(bucket)

    async def delete_bucket(self, name: str, jurisdiction: str) -> None:
        """Delete an empty bucket."""
        self.buckets.find(name, jurisdiction)
        await self.server.delete_bucket(name)
        self.buckets.remove(name)

    async def empty_bucket(self, name: str) -> None:
        """Delete every object of a bucket."""
        await self.server.purge([name])
        await self.server.create_bucket(name)

    async def put_key(self, key: Key) -> None:
        """Accept a key from now on; one with the same id is replaced."""
        await self.server.put_key(key.access_key_id, key.secret_access_key, key.grants.actions())
        self.keys[key.access_key_id] = key

    async def remove_key(self, access_key_id: str) -> None:
        """Accept a key no longer."""
        if self.keys.pop(access_key_id, None):
            await self.server.remove_key(access_key_id)

    async def clear(self) -> None:
        """Delete every bucket. Keys stay with the tokens that they come from."""
        await self.server.purge(list(self.buckets.by_name))
        self.buckets.by_name.clear()
        self.buckets.subscribed = True
        self.rate.clear()
        self.keys_known_from = 0.0
