"""boto3 as it comes and as R2 needs it: what its defaults do over https, and which settings make them work."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

pytestmark = pytest.mark.client

BUCKET = "studio-audio"
ITEM_WRITE = "2efd5506f9c8494dacb1fa10a3e7d5b6"
WORKING = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}


@dataclass
class Account:
    """An account with one bucket and a key for it."""

    sandbox: RunningSandbox
    key_id: str
    secret: str

    def client(self, region: str | None = "auto", **config: Any) -> Any:
        """A client; ``config`` is botocore's."""
        return boto3.client(
            "s3",
            endpoint_url=self.sandbox.exports["R2_ENDPOINT_URL"],
            region_name=region,
            aws_access_key_id=self.key_id,
            aws_secret_access_key=self.secret,
            verify=self.sandbox.exports["AWS_CA_BUNDLE"],
            config=Config(**config) if config else None,
        )

    def fetch(self, method: str, url: str, **options: Any) -> httpx.Response:
        """A request as a browser or curl sends it."""
        import ssl

        trust = ssl.create_default_context(cafile=self.sandbox.exports["SSL_CERT_FILE"])
        return httpx.request(method, url, verify=trust, trust_env=False, **options)


@pytest.fixture
def account(start_sandbox: Callable[..., RunningSandbox], monkeypatch: pytest.MonkeyPatch) -> Account:
    """A bucket and a key for its objects, made through the REST API."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    sandbox = start_sandbox("r2", "cloudflare")
    sandbox.reset()
    exports = sandbox.exports
    base = f"{exports['CLOUDFLARE_API_URL']}/accounts/{exports['CLOUDFLARE_ACCOUNT_ID']}"
    headers = {"Authorization": f"Bearer {exports['CLOUDFLARE_API_TOKEN']}"}
    httpx.post(f"{base}/r2/buckets", json={"name": BUCKET}, headers=headers, trust_env=False).raise_for_status()
    resource = f"com.cloudflare.edge.r2.bucket.{exports['CLOUDFLARE_ACCOUNT_ID']}_default_{BUCKET}"
    policy = {"effect": "allow", "resources": {resource: "*"}, "permission_groups": [{"id": ITEM_WRITE}]}
    body = {"name": "objects", "policies": [policy]}
    made = httpx.post(f"{base}/tokens", json=body, headers=headers, trust_env=False).raise_for_status().json()["result"]
    return Account(sandbox, made["id"], hashlib.sha256(made["value"].encode()).hexdigest())


def refused(call: Callable[[], Any]) -> tuple[int, str]:
    """Status and code of a refused call."""
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_an_upload_with_default_checksums_is_not_implemented(account: Account) -> None:
    client = account.client()
    assert refused(lambda: client.put_object(Bucket=BUCKET, Key="a", Body=b"sound")) == (501, "NotImplemented")
    with pytest.raises(ClientError, match="STREAMING-UNSIGNED-PAYLOAD-TRAILER not implemented"):
        client.put_object(Bucket=BUCKET, Key="a", Body=b"sound")


def test_an_upload_with_checksums_only_when_required_works(account: Account) -> None:
    client = account.client(**WORKING)
    client.put_object(Bucket=BUCKET, Key="a", Body=b"sound", ContentType="audio/wav", Metadata={"take": "1"})
    answer = client.get_object(Bucket=BUCKET, Key="a")
    assert answer["Body"].read() == b"sound"
    assert answer["ContentType"] == "audio/wav"
    assert answer["Metadata"] == {"take": "1"}
    assert [item["Key"] for item in client.list_objects_v2(Bucket=BUCKET, Prefix="a")["Contents"]] == ["a"]
    client.delete_object(Bucket=BUCKET, Key="a")
    assert refused(lambda: client.head_object(Bucket=BUCKET, Key="a")) == (404, "404")


def test_a_multipart_upload_is_put_together(account: Account, tmp_path: Any) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(bytes(range(256)) * 50_000)
    client = account.client(**WORKING)
    client.upload_file(str(path), BUCKET, "long.wav")
    client.download_file(BUCKET, "long.wav", str(tmp_path / "back.wav"))
    assert (tmp_path / "back.wav").read_bytes() == path.read_bytes()


def test_deleting_several_objects_works_in_spite_of_its_checksum(account: Account) -> None:
    client = account.client(**WORKING)
    for name in ("a", "b"):
        client.put_object(Bucket=BUCKET, Key=name, Body=b"x")
    deleted = client.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    assert {item["Key"] for item in deleted["Deleted"]} == {"a", "b"}


def test_a_url_presigned_without_a_region_is_signed_the_old_way_and_refused(account: Account) -> None:
    url = account.client(region=None).generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "a"})
    assert "AWSAccessKeyId=" in url
    answer = account.fetch("GET", url)
    assert answer.status_code == 401
    assert "SigV2 authorization is not supported" in answer.text


def test_a_url_presigned_for_auto_uploads_and_plays_back(account: Account) -> None:
    client = account.client(**WORKING, signature_version="s3v4")
    params = {"Bucket": BUCKET, "Key": "assets/voice.wav"}
    upload = client.generate_presigned_url("put_object", Params=params | {"ContentType": "audio/wav"}, ExpiresIn=60)
    assert account.fetch("PUT", upload, content=b"sound").status_code == 403
    headers = {"Content-Type": "audio/wav"}
    assert account.fetch("PUT", upload, content=b"sound", headers=headers).status_code == 200
    playback = client.generate_presigned_url("get_object", Params=params, ExpiresIn=60)
    part = account.fetch("GET", playback, headers={"Range": "bytes=0-1"})
    assert part.status_code == 206
    assert part.content == b"so"


def test_a_life_of_more_than_a_week_is_signed_by_boto3_and_refused_by_r2(account: Account) -> None:
    client = account.client(**WORKING, signature_version="s3v4")
    url = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "a"}, ExpiresIn=700_000)
    answer = account.fetch("GET", url)
    assert answer.status_code == 400
    assert "must be less than a week" in answer.text


def test_a_key_of_one_bucket_is_refused_elsewhere(account: Account) -> None:
    client = account.client(**WORKING)
    assert refused(client.list_buckets) == (403, "AccessDenied")
    assert refused(lambda: client.list_objects_v2(Bucket="another")) == (403, "AccessDenied")
    assert refused(lambda: client.create_bucket(Bucket="another")) == (403, "AccessDenied")
    rules = {"CORSRules": [{"AllowedOrigins": ["https://studio.example"], "AllowedMethods": ["PUT"]}]}
    assert refused(lambda: client.put_bucket_cors(Bucket=BUCKET, CORSConfiguration=rules)) == (501, "NotImplemented")


def test_a_wrong_region_is_refused(account: Account) -> None:
    client = account.client(region="eu-west-1", **WORKING)
    assert refused(lambda: client.list_objects_v2(Bucket=BUCKET)) == (400, "InvalidRegionName")


def test_a_wrong_secret_is_refused(account: Account) -> None:
    client = Account(account.sandbox, account.key_id, "0" * 64).client(**WORKING)
    assert refused(lambda: client.list_objects_v2(Bucket=BUCKET)) == (403, "SignatureDoesNotMatch")
