"""A started R2 with one bucket, and ways to sign requests for it that are botocore's, not ours."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

GROUPS = {
    "read": "6a018a9f2fc74eb6b293b0c548f38b39",
    "write": "2efd5506f9c8494dacb1fa10a3e7d5b6",
    "admin-read": "b4992e1108244f5d8bfbd5744320c2e1",
    "admin": "bf7481a1826f439697cb59a20b22293e",
}
BUCKET = "studio-audio"


@dataclass(frozen=True)
class Key:
    """An S3 key as R2 derives it from a token."""

    token_id: str
    value: str
    secret: str = ""

    @property
    def credentials(self) -> Credentials:
        """The key as botocore takes it."""
        return Credentials(self.token_id, self.secret or hashlib.sha256(self.value.encode()).hexdigest())


@dataclass
class Storage:
    """The sandbox seen by a test. Requests go to ``url`` whatever host they name."""

    s3: httpx.Client
    rest: httpx.Client
    account: str
    url: str
    sandbox: RunningSandbox

    def create(self, name: str, jurisdiction: str = "default") -> None:
        """A new bucket."""
        path, headers = f"/accounts/{self.account}/r2/buckets", {"cf-r2-jurisdiction": jurisdiction}
        self.rest.post(path, json={"name": name}, headers=headers).raise_for_status()

    def key(self, access: str = "write", *places: str) -> Key:
        """A key for ``<jurisdiction>_<bucket>`` places, or for the account if ``access`` is an administrator's."""
        resources = {
            f"com.cloudflare.edge.r2.bucket.{self.account}_{at}": "*" for at in places or [f"default_{BUCKET}"]
        }
        return self.key_for(
            access, {f"com.cloudflare.api.account.{self.account}": "*"} if "admin" in access else resources
        )

    def key_for(self, access: str, resources: dict[str, Any]) -> Key:
        """A key for these resources."""
        policy = {"effect": "allow", "resources": resources, "permission_groups": [{"id": GROUPS[access]}]}
        body = {"name": access, "policies": [policy]}
        answer = self.rest.post(f"/accounts/{self.account}/tokens", json=body)
        assert answer.status_code == 200, answer.text
        return Key(answer.json()["result"]["id"], answer.json()["result"]["value"])

    def cors(self, *rules: dict[str, Any]) -> None:
        """Put CORS rules through the REST API."""
        path = f"/accounts/{self.account}/r2/buckets/{BUCKET}/cors"
        self.rest.put(path, json={"rules": list(rules)}).raise_for_status()

    def send(
        self,
        key: Key,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        headers: dict[str, str] | None = None,
        host: str = "",
        region: str = "auto",
        then: dict[str, str] | None = None,
        forged: bytes | None = None,
    ) -> httpx.Response:
        """A request signed in its headers; ``then`` are headers and ``forged`` is a body set after signing."""
        signed = AWSRequest(method, self._as(host) + quote(path, safe="/?=&%-~_."), headers=headers or {}, data=content)
        signed.context["payload_signing_enabled"] = True
        S3SigV4Auth(key.credentials, "s3", region).add_auth(signed)
        sent = dict(signed.headers) | ({"Host": host} if host else {}) | (then or {})
        return self.s3.request(
            method, self.url + quote(path, safe="/?=&%-~_."), headers=sent, content=forged or content or None
        )

    def presign(
        self,
        key: Key,
        method: str,
        path: str,
        *,
        seconds: int = 60,
        headers: dict[str, str] | None = None,
        region: str = "auto",
        host: str = "",
    ) -> str:
        """A presigned URL."""
        request = AWSRequest(method, self._as(host) + path, headers=headers or {})
        S3SigV4QueryAuth(key.credentials, "s3", region, expires=seconds).add_auth(request)
        return str(request.url).replace(self._as(host), self.url)

    def _as(self, host: str) -> str:
        return f"https://{host}" if host else self.url


def error(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    match = re.search("<Code>(.*)</Code>", answer.text)
    assert match, answer.text
    assert answer.headers["content-type"] == "application/xml"
    return answer.status_code, match.group(1)


@pytest.fixture(name="error")
def error_reader() -> Callable[[httpx.Response], tuple[int, str]]:
    """Status and code of a refusal."""
    return error


@pytest.fixture
def storage(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[Storage]:
    """R2 with the bucket ``studio-audio``."""
    sandbox = start_sandbox("r2", "cloudflare")
    sandbox.reset()
    exports = sandbox.exports
    trust = ssl.create_default_context(cafile=exports["SSL_CERT_FILE"])
    bearer = {"Authorization": f"Bearer {exports['CLOUDFLARE_API_TOKEN']}"}
    with (
        httpx.Client(verify=trust, trust_env=False) as s3,
        httpx.Client(base_url=exports["CLOUDFLARE_API_URL"], headers=bearer, trust_env=False) as rest,
    ):
        made = Storage(s3, rest, exports["CLOUDFLARE_ACCOUNT_ID"], exports["R2_ENDPOINT_URL"], sandbox)
        made.create(BUCKET)
        yield made
