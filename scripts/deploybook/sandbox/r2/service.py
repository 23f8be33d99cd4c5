"""R2's S3 API in the sandbox: the front on https, SeaweedFS behind it, and the account that both belong to."""

from __future__ import annotations

from deploybook.sandbox.core.service import Context, Service, issue_id
from deploybook.sandbox.core.serving import Listener
from deploybook.sandbox.r2.models import JURISDICTIONS, Bucket, Buckets, Key
from deploybook.sandbox.r2.proxying import Passage
from deploybook.sandbox.r2.requests import DOMAIN
from deploybook.sandbox.r2.s3_proxy import S3Proxy
from deploybook.sandbox.r2.seaweed import SeaweedServer


class ObjectService(Service):
    """Knows buckets and S3 keys; who gets a key is for the Cloudflare REST service to say."""

    name = "r2"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.account_id = issue_id()
        self.buckets = Buckets()
        self._keys: dict[str, Key] = {}
        self._domains = tuple(
            f"{self.account_id}.{DOMAIN}" if name == "default" else f"{self.account_id}.{name}.{DOMAIN}"
            for name in JURISDICTIONS
        )
        self._weed = SeaweedServer(context.directory / self.name, self._domains)
        self._front = S3Proxy(self.account_id, self.buckets, self._keys, Passage(self._weed))
        self._listener: Listener | None = None

    async def start(self) -> None:
        """Start SeaweedFS, then listen."""
        await self._weed.start()
        hosts = [name for domain in self._domains for name in (domain, f"*.{domain}")]
        self.context.certificates.cover(*hosts)
        self._listener = await self.context.serve(self.name, self._front, tls=True)

    def exports(self) -> dict[str, str]:
        """The endpoint; keys come from the REST API."""
        return {"R2_ENDPOINT_URL": self._listener.url} if self._listener else {}

    async def reset(self) -> None:
        """Delete every bucket. Keys stay with the tokens that they come from: the Cloudflare service takes them back."""
        await self._weed.purge(list(self.buckets.by_name))
        self.buckets.by_name.clear()
        self.buckets.subscribed = True
        self._front.rate.clear()

    async def close(self) -> None:
        """Stop listening and end SeaweedFS."""
        if self._listener:
            await self._listener.close()
            self._listener = None
        await self._weed.close()

    async def create_bucket(self, bucket: Bucket) -> Bucket:
        """Create a bucket, here and in SeaweedFS."""
        self.buckets.check_new(bucket.name, bucket.jurisdiction)
        await self._weed.create_bucket(bucket.name)
        return self.buckets.add(bucket)

    async def delete_bucket(self, name: str, jurisdiction: str) -> None:
        """Delete an empty bucket."""
        self.buckets.find(name, jurisdiction)
        await self._weed.delete_bucket(name)
        self.buckets.remove(name)

    async def put_empty_object(self, bucket: str, key: str) -> None:
        """Write an object without content."""
        await self._weed.put_empty(bucket, key)

    async def empty_bucket(self, name: str) -> None:
        """Delete every object of a bucket."""
        await self._weed.purge([name])
        await self._weed.create_bucket(name)

    async def put_key(self, key: Key) -> None:
        """Accept a key from now on; one with the same id is replaced."""
        await self._weed.identities.put(key.access_key_id, key.secret_access_key, key.grants.actions())
        self._keys[key.access_key_id] = key

    async def remove_key(self, access_key_id: str) -> None:
        """Accept a key no longer."""
        if self._keys.pop(access_key_id, None):
            await self._weed.identities.remove(access_key_id)
