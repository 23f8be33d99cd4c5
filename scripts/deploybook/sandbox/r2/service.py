"""R2's S3 API in the sandbox: the proxy on https, SeaweedFS behind it, and the account that both belong to."""

from __future__ import annotations

from pathlib import Path

from deploybook.sandbox.core.freezing import Part
from deploybook.sandbox.core.service import Context, Service, issue_id
from deploybook.sandbox.r2.api import S3Proxy
from deploybook.sandbox.r2.backend.objects import Object, Objects
from deploybook.sandbox.r2.backend.passage import Passage
from deploybook.sandbox.r2.backend.seaweed import SeaweedServer
from deploybook.sandbox.r2.routes.requests import DOMAIN
from deploybook.sandbox.r2.state import Storage
from deploybook.sandbox.r2.state.buckets import JURISDICTIONS


class ObjectService(Service):
    """Holds buckets and S3 keys; who gets a key is for the Cloudflare REST service to say."""

    name = "r2"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.account_id = issue_id()
        self._domains = tuple(
            f"{self.account_id}.{DOMAIN}" if name == "default" else f"{self.account_id}.{name}.{DOMAIN}"
            for name in JURISDICTIONS
        )
        self._server = SeaweedServer(context.directory / self.name, self._domains)
        self.storage = Storage(self._server, self.account_id)
        self._url = ""

    async def start(self) -> None:
        """Start SeaweedFS, then listen."""
        await self._server.start()
        hosts = [name for domain in self._domains for name in (domain, f"*.{domain}")]
        self.context.certificates.cover(*hosts)
        self._url = await self.serve(S3Proxy(self.storage, Passage(self._server)), tls=True, any_host=True)

    def exports(self) -> dict[str, str]:
        """The endpoint; keys come from the REST API."""
        return {"R2_ENDPOINT_URL": self._url}

    async def reset(self) -> None:
        """Delete every bucket. Keys stay with the tokens that they come from: the Cloudflare service takes them back."""
        await self.storage.clear()

    def state(self) -> list[Part]:
        """Buckets, with their configuration, and keys; the objects are the server's."""
        return [Part(self.storage, but=("server", "rate"))]

    async def save(self, directory: Path) -> dict[str, list[Object]]:  # noqa: ARG002
        """Read every object, by bucket."""
        return {name: await Objects(self._server).read(name) for name in self.storage.buckets.by_name}

    async def vacate(self) -> None:
        """Take back every key. The buckets stay: ``load`` changes in them what has to be changed."""
        self.storage.rate.clear()
        for access_key_id in list(self.storage.keys):
            await self.storage.remove_key(access_key_id)

    async def load(self, saved: dict[str, list[Object]]) -> None:
        """Make the server's buckets and objects those of the snapshot, and let it accept the keys again."""
        await Objects(self._server).make(saved)
        for key in list(self.storage.keys.values()):
            await self.storage.put_key(key)

    async def close(self) -> None:
        """Stop listening and end SeaweedFS."""
        await super().close()
        await self._server.close()
