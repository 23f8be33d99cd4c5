"""The real object server: one SeaweedFS per sandbox, on free loopback ports that serve this sandbox alone (``mutual_tls.py``)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import secrets
import socket
import sysconfig
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from deploybook.sandbox.core.processes import Child
from deploybook.sandbox.r2.backend.identities import Identities
from deploybook.sandbox.r2.backend.mutual_tls import MutualTls
from deploybook.sandbox.r2.backend.signatures import sign
from deploybook.sandbox.r2.backend.translation import translate

_SERVICES = ("master", "volume", "filer", "s3")
_ATTEMPTS = 3
_SETTLED = 60.0


class SeaweedServer:
    """``start`` first. Data, sockets, log and configuration live in ``directory``."""

    def __init__(self, directory: Path, domains: tuple[str, ...]) -> None:
        self._directory = directory
        self._domains = domains
        self._tls = MutualTls(directory)
        self._key, self._secret = secrets.token_hex(16), secrets.token_hex(32)
        self._child: Child | None = None
        self._ports: dict[str, int] = {}
        self._identities: Identities | None = None
        self.http: httpx.AsyncClient
        # Where the filer listens.
        self.filer_url = ""

    @property
    def url(self) -> str:
        """Where SeaweedFS's S3 gateway listens."""
        return self._at("s3.port")

    async def start(self) -> None:
        """Start the server; a port that another process took meanwhile is a reason to try again."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tls.write()
        self._write_configuration()
        _remove_dead_sockets()
        for attempt in range(1, _ATTEMPTS + 1):
            self._ports = _free_ports()
            log = self._directory / "weed.log"
            self._child = await Child.start(self._command(), directory=self._directory, log=log)
            try:
                async with httpx.AsyncClient(verify=self._tls.client(), trust_env=False) as client:
                    await self._child.wait_ready(self.url, client)
                break
            except RuntimeError:
                await self._child.stop()
                if attempt == _ATTEMPTS:
                    raise
        self.http = httpx.AsyncClient(
            verify=self._tls.client(), trust_env=False, timeout=httpx.Timeout(None, connect=5), limits=httpx.Limits()
        )
        self.filer_url = self._at("filer.port")
        self._identities = Identities(self._ports["s3.port.grpc"], self._tls.client("h2"))

    async def close(self) -> None:
        """End the server and remove its sockets (SeaweedFS puts some of them into /tmp whatever its configuration)."""
        if self._child:
            await self._child.stop()
            self._child = None
            # Without them it never became ready: the reason for that is what is to be seen.
            if self._identities:
                self._identities.close()
                await self.http.aclose()
        for name, port in self._ports.items():
            service = name.partition(".")[0]
            Path(f"/tmp/seaweedfs-{service}-grpc-{port}.sock").unlink(missing_ok=True)  # noqa: S108

    async def create_bucket(self, name: str) -> None:
        """Create a bucket, with a first volume so that the first upload need not wait for one."""
        await self.administer("PUT", name)
        await self.grow(name)

    async def grow(self, name: str) -> None:
        """Allot the bucket's first volume."""
        await self.http.get(f"{self._at('master.port')}/vol/grow", params={"collection": name, "count": "1"})

    async def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket; SeaweedFS itself refuses one that is not."""
        await self.administer("DELETE", name)

    async def put_empty(self, bucket: str, key: str) -> None:
        """Write an object without content."""
        await self.administer("PUT", f"{bucket}/{key}")

    async def purge(self, names: list[str]) -> None:
        """Delete buckets with all that is in them."""
        url = f"{self.filer_url}/buckets"
        query = {"recursive": "true", "ignoreRecursiveError": "true"}
        await asyncio.gather(*(self.http.delete(f"{url}/{name}", params=query) for name in names))

    async def put_key(self, access_key_id: str, secret: str, actions: Sequence[str]) -> None:
        """Accept a key, or replace its secret and actions."""
        await self._known().put(access_key_id, secret, actions)

    async def remove_key(self, access_key_id: str) -> None:
        """Accept a key no longer."""
        await self._known().remove(access_key_id)

    def _known(self) -> Identities:
        assert self._identities is not None, "the server was not started"
        return self._identities

    async def administer(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})
    ) -> httpx.Response:
        """Send an S3 request with the administrator's key. ``path`` is quoted as in a URL, and has no query. Raises R2Error."""
        url = f"{self.url}/{path}"
        answer = await self.http.request(
            method, url, content=content, headers=self._signed(method, path, content, headers)
        )
        if answer.is_error:
            raise translate(answer.status_code, answer.text)
        return answer

    async def list_folder(self, path: str, query: Mapping[str, str]) -> dict[str, Any] | None:
        """A page of what is in a folder, by the filer; None if there is no such folder.

        One that is empty may be gone a moment after it was listed: SeaweedFS deletes those in the background (``EmptyFolderCleaner``).
        """
        headers = {"accept": "application/json"}
        answer = await self.http.get(f"{self.filer_url}{path}", params=query, headers=headers)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        page: dict[str, Any] = answer.raise_for_status().json()
        return page

    def _signed(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers of an S3 request without a query, signed (Signature Version 4) with the administrator's key."""
        host, stamp = self.url.removeprefix("https://"), datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(content).hexdigest()
        sent = {**headers, "x-amz-content-sha256": digest, "x-amz-date": stamp}
        covered = dict(
            sorted({"host": host, **{name: sent[name] for name in sent if name.startswith("x-amz-")}}.items())
        )
        names = ";".join(covered)
        lines = "".join(f"{name}:{value}\n" for name, value in covered.items())
        scope = f"{stamp[:8]}/auto/s3/aws4_request"
        canonical = hashlib.sha256(f"{method}\n/{path}\n\n{lines}\n{names}\n{digest}".encode()).hexdigest()
        signature = sign(f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{canonical}", self._secret, scope)
        credential = f"AWS4-HMAC-SHA256 Credential={self._key}/{scope}"
        return {**sent, "authorization": f"{credential}, SignedHeaders={names}, Signature={signature}"}

    def _at(self, port: str) -> str:
        return f"https://127.0.0.1:{self._ports[port]}"

    def _write_configuration(self) -> None:
        credentials = [{"accessKey": self._key, "secretKey": self._secret}]
        identity = {"name": "sandbox", "credentials": credentials, "actions": ["Admin"]}
        path = self._directory / "s3.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"identities": [identity]}))

    def _command(self) -> list[str]:
        """Telemetry is on and the bind is 0.0.0.0 unless told otherwise; a missing bucket would be created on upload."""
        options = {
            "dir": self._directory,
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.telemetry": "false",
            "webdav": "false",
            "admin.ui": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.config": self._directory / "s3.json",
            "s3.domainName": ",".join(self._domains),
            "s3.allowDeleteBucketNotEmpty": "false",
            "s3.autoCreateBucket": "false",
            "s3.localSocket": self._directory / "s3.sock",
            "filer.localSocket": self._directory / "filer.sock",
            **self._tls.options(),
            **self._ports,
        }
        weed = Path(sysconfig.get_path("scripts")) / "weed"
        return [str(weed), "mini", *(f"-{name}={value}" for name, value in options.items())]


def _free_ports() -> dict[str, int]:
    """A distinct free port for each option: all are held open until the last is found.

    The admin server's gRPC port is its other port plus 10000: SeaweedFS's maintenance worker looks for it nowhere else.
    """
    with contextlib.ExitStack() as stack:

        def hold(port: int = 0) -> int:
            probe = stack.enter_context(socket.socket())
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])

        ports = {option: hold() for service in _SERVICES for option in (f"{service}.port", f"{service}.port.grpc")}
        while "admin.port" not in ports:
            admin = hold()
            with contextlib.suppress(OSError, OverflowError):
                ports |= {"admin.port.grpc": hold(admin + 10_000), "admin.port": admin}
        return ports


def _remove_dead_sockets() -> None:
    """Remove what killed servers of ours left in /tmp; a socket that still answers is left alone."""
    for path in Path("/tmp").glob("seaweedfs-*-grpc-*.sock"):  # noqa: S108
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            status = path.stat()
            # A young one may belong to a server that has not come to listen yet.
            if status.st_uid != os.getuid() or time.time() - status.st_mtime < _SETTLED:
                continue
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
