"""rclone as an operator would use it against R2. Before a file it creates the bucket, unless ``no_check_bucket`` is set."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

pytestmark = pytest.mark.client

BUCKET = "studio-audio"
# The permission groups Workers R2 Storage Write, and the same for the objects of a bucket.
ADMIN, ITEMS = "bf7481a1826f439697cb59a20b22293e", "2efd5506f9c8494dacb1fa10a3e7d5b6"
Upload = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def upload(start_sandbox: Callable[..., RunningSandbox], tmp_path: Path) -> Iterator[Upload]:
    """Copies a file into ``studio-audio``, with a key of a permission group and further options."""
    if shutil.which("rclone") is None:
        pytest.skip("rclone is absent: install the package of that name")
    sandbox = start_sandbox("r2", "cloudflare")
    sandbox.reset()
    exports, account = sandbox.exports, sandbox.exports["CLOUDFLARE_ACCOUNT_ID"]
    headers = {"Authorization": f"Bearer {exports['CLOUDFLARE_API_TOKEN']}"}
    base = f"{exports['CLOUDFLARE_API_URL']}/accounts/{account}"
    rest = httpx.Client(base_url=base, headers=headers, trust_env=False)
    rest.post("/r2/buckets", json={"name": BUCKET}).raise_for_status()
    (tmp_path / "voice.wav").write_bytes(b"sound")

    def run(group: str, *options: str) -> subprocess.CompletedProcess[str]:
        of = f"api.account.{account}" if group == ADMIN else f"edge.r2.bucket.{account}_default_{BUCKET}"
        policy = {"effect": "allow", "resources": {f"com.cloudflare.{of}": "*"}, "permission_groups": [{"id": group}]}
        token = rest.post("/tokens", json={"name": "rclone", "policies": [policy]}).json()["result"]
        remote = {
            "TYPE": "s3",
            "PROVIDER": "Cloudflare",
            "ENDPOINT": exports["R2_ENDPOINT_URL"],
            "ACCESS_KEY_ID": token["id"],
            "SECRET_ACCESS_KEY": hashlib.sha256(token["value"].encode()).hexdigest(),
        }
        environment = sandbox.environment(**{f"RCLONE_CONFIG_R2_{name}": value for name, value in remote.items()})
        # The SDK in it can't load a bundle into rclone's transport, which goes by SSL_CERT_FILE.
        del environment["AWS_CA_BUNDLE"]
        command = ["rclone", "copy", "voice.wav", f"r2:{BUCKET}/assets", "--config", "", "--retries", "1", *options]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    yield run
    rest.close()


def test_the_bucket_that_is_there_is_created_again_without_harm(upload: Upload) -> None:
    result = upload(ADMIN, "--dump", "responses")
    assert result.returncode == 0, result.stderr
    assert "<Code>BucketAlreadyOwnedByYou</Code>" in result.stderr


def test_a_key_of_the_buckets_objects_may_not_create_it(upload: Upload) -> None:
    """As Cloudflare's own page on rclone says: such a key needs no_check_bucket (rclone/rclone#7706)."""
    assert "AccessDenied" in upload(ITEMS).stderr
    result = upload(ITEMS, "--s3-no-check-bucket")
    assert result.returncode == 0, result.stderr
