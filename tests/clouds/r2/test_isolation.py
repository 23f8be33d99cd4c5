"""What the machine has configured for AWS's own tools does not reach the client of R2."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest
from pydantic import SecretStr

from deploybook.clouds.r2.objects import Store
from deploybook.errors import InvalidValue

CONFIGURATION = """
[default]
region = eu-west-1
retry_mode = adaptive
endpoint_url = http://127.0.0.1:1
s3 =
    use_accelerate_endpoint = true
    addressing_style = virtual
    payload_signing_enabled = true
request_checksum_calculation = when_supported
"""


@pytest.fixture
def operators_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(CONFIGURATION)
    (tmp_path / ".aws" / "credentials").write_text("[default]\naws_access_key_id = other\n[broken\n")
    for name, value in {
        "HOME": str(tmp_path),
        "AWS_PROFILE": "nope",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "SSL_CERT_FILE": certifi.where(),
        "AWS_CA_BUNDLE": "/nonexistent",
        "AWS_RETRY_MODE": "adaptive",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_SUPPORTED",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("operators_machine")
def test_files_profiles_and_variables_of_aws_change_nothing() -> None:
    store = Store("https://account.r2.cloudflarestorage.com", "key", SecretStr("s" * 64), "bucket")
    url = store.presign("get_object", "name")
    assert url.startswith("https://account.r2.cloudflarestorage.com/bucket/name?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert "key%2F" in url
    assert "%2Fauto%2Fs3%2F" in url
    config = store.s3.meta.config
    assert config.retries["mode"] == "standard"
    assert config.request_checksum_calculation == "when_required"
    assert not config.s3.get("use_accelerate_endpoint")


def test_the_file_of_certificates_that_is_meant_for_aws_is_trusted_where_no_other_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nonexistent/ca.pem")
    with pytest.raises(InvalidValue, match=r"AWS_CA_BUNDLE names /nonexistent/ca.pem"):
        Store("https://account.r2.cloudflarestorage.com", "key", SecretStr("s" * 64), "bucket")
