"""The AWS CLI, as an operator would use it against R2: copies, lists, presigns, removes; refused where it would be."""

from __future__ import annotations

import hashlib
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

pytestmark = pytest.mark.client

BUCKET = "studio-audio"
GROUPS = {"read": "6a018a9f2fc74eb6b293b0c548f38b39", "write": "2efd5506f9c8494dacb1fa10a3e7d5b6"}


@dataclass(frozen=True)
class Cli:
    """The command with a key; ``checksums`` is the setting that R2 needs."""

    sandbox: RunningSandbox
    directory: Path
    key_id: str
    secret: str
    checksums: str = "when_required"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``aws`` with nothing of the operator's own configuration."""
        environment = self.sandbox.environment(
            AWS_ACCESS_KEY_ID=self.key_id,
            AWS_SECRET_ACCESS_KEY=self.secret,
            AWS_DEFAULT_REGION="auto",
            AWS_REQUEST_CHECKSUM_CALCULATION=self.checksums,
            AWS_RESPONSE_CHECKSUM_VALIDATION=self.checksums,
            AWS_CONFIG_FILE="/nonexistent",
            AWS_SHARED_CREDENTIALS_FILE="/nonexistent",
            AWS_MAX_ATTEMPTS="1",
            AWS_PAGER="",
        )
        command = [
            str(Path(sysconfig.get_path("scripts")) / "aws"),
            "--endpoint-url",
            self.sandbox.exports["R2_ENDPOINT_URL"],
        ]
        return subprocess.run(
            [*command, *arguments],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def refused(self, *arguments: str) -> str:
        """The error of a command that must fail."""
        result = self.run(*arguments)
        assert result.returncode != 0, result.stdout
        return result.stderr

    def done(self, *arguments: str) -> str:
        """The output of a command that must succeed."""
        result = self.run(*arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout


@pytest.fixture
def cli(start_sandbox: Callable[..., RunningSandbox], tmp_path: Path) -> Callable[[str], Cli]:
    """The command with a key that may read or write in ``studio-audio``."""
    sandbox = start_sandbox("r2", "cloudflare")
    sandbox.reset()
    exports = sandbox.exports
    account = exports["CLOUDFLARE_ACCOUNT_ID"]
    base = f"{exports['CLOUDFLARE_API_URL']}/accounts/{account}"
    headers = {"Authorization": f"Bearer {exports['CLOUDFLARE_API_TOKEN']}"}
    for name in (BUCKET, "another"):
        httpx.post(f"{base}/r2/buckets", json={"name": name}, headers=headers, trust_env=False).raise_for_status()

    def make(access: str) -> Cli:
        resources = {f"com.cloudflare.edge.r2.bucket.{account}_default_{BUCKET}": "*"}
        policy = {"effect": "allow", "resources": resources, "permission_groups": [{"id": GROUPS[access]}]}
        body = {"name": access, "policies": [policy]}
        made = httpx.post(f"{base}/tokens", json=body, headers=headers, trust_env=False).raise_for_status()
        token = made.json()["result"]
        return Cli(sandbox, tmp_path, token["id"], hashlib.sha256(token["value"].encode()).hexdigest())

    return make


def test_files_are_copied_listed_presigned_and_removed(cli: Callable[[str], Cli], tmp_path: Path) -> None:
    aws = cli("write")
    (tmp_path / "voice.wav").write_bytes(b"sound" * 1000)
    aws.done("s3", "cp", "voice.wav", f"s3://{BUCKET}/assets/voice.wav")
    assert "voice.wav" in aws.done("s3", "ls", f"s3://{BUCKET}/assets/")
    aws.done("s3", "cp", f"s3://{BUCKET}/assets/voice.wav", "back.wav")
    assert (tmp_path / "back.wav").read_bytes() == b"sound" * 1000

    url = aws.done("s3", "presign", f"s3://{BUCKET}/assets/voice.wav", "--expires-in", "60").strip()
    import ssl

    trust = ssl.create_default_context(cafile=aws.sandbox.exports["SSL_CERT_FILE"])
    assert httpx.get(url, verify=trust, trust_env=False).content == b"sound" * 1000

    aws.done("s3", "rm", f"s3://{BUCKET}/assets/voice.wav")
    assert "404" in aws.refused("s3api", "head-object", "--bucket", BUCKET, "--key", "assets/voice.wav")


def test_a_large_file_goes_in_parts(cli: Callable[[str], Cli], tmp_path: Path) -> None:
    aws = cli("write")
    (tmp_path / "long.wav").write_bytes(bytes(range(256)) * 80_000)
    aws.done("s3", "cp", "long.wav", f"s3://{BUCKET}/long.wav", "--no-progress")
    aws.done("s3", "cp", f"s3://{BUCKET}/long.wav", "back.wav", "--no-progress")
    assert (tmp_path / "back.wav").read_bytes() == (tmp_path / "long.wav").read_bytes()


def test_an_upload_with_default_checksums_is_not_implemented(cli: Callable[[str], Cli], tmp_path: Path) -> None:
    (tmp_path / "voice.wav").write_bytes(b"sound")
    aws = replace(cli("write"), checksums="when_supported")
    assert "NotImplemented" in aws.refused("s3", "cp", "voice.wav", f"s3://{BUCKET}/voice.wav")


def test_a_wrong_secret_is_refused(cli: Callable[[str], Cli]) -> None:
    aws = replace(cli("write"), secret="0" * 64)
    assert "SignatureDoesNotMatch" in aws.refused("s3", "ls", f"s3://{BUCKET}")


def test_another_bucket_and_the_list_of_buckets_are_refused(cli: Callable[[str], Cli]) -> None:
    aws = cli("write")
    assert "AccessDenied" in aws.refused("s3", "ls", "s3://another")
    assert "AccessDenied" in aws.refused("s3", "ls")


def test_a_reading_key_downloads_and_does_not_upload_or_remove(cli: Callable[[str], Cli], tmp_path: Path) -> None:
    (tmp_path / "voice.wav").write_bytes(b"sound")
    cli("write").done("s3", "cp", "voice.wav", f"s3://{BUCKET}/voice.wav")
    reader = cli("read")
    reader.done("s3", "cp", f"s3://{BUCKET}/voice.wav", "back.wav")
    assert (tmp_path / "back.wav").read_bytes() == b"sound"
    assert "AccessDenied" in reader.refused("s3", "cp", "voice.wav", f"s3://{BUCKET}/other.wav")
    assert "AccessDenied" in reader.refused("s3", "rm", f"s3://{BUCKET}/voice.wav")
