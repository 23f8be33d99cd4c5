"""The ``modal`` CLI as it is: an operator's day with the guide's own render app."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.clients.render_app import APP, BUCKET, make_bucket
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

pytestmark = pytest.mark.client
Cli = Callable[..., subprocess.CompletedProcess[str]]
TOKEN = "0123456789abcdef" * 4
NAME = "studio-production"
HOST = f"sandbox--{NAME}-submit.modal.run"


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """Modal, and the R2 that its app uses."""
    started = start_sandbox("r2", "cloudflare", "modal")
    started.reset()
    return started


@pytest.fixture
def modal(sandbox: RunningSandbox) -> Cli:
    """Run ``modal …``."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "modal", *arguments]
        # Wide, so that messages are not broken into lines.
        env = sandbox.environment(COLUMNS="1000", **environment)
        return subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=PATIENCE_SECONDS, stdin=subprocess.DEVNULL
        )

    return run


@pytest.fixture
def http(sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    """A caller of the endpoints."""
    trust = ssl.create_default_context(cafile=sandbox.exports["SSL_CERT_FILE"])
    with httpx.Client(verify=trust, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        yield client


def create_secret(modal: Cli, name: str, **values: str) -> None:
    result = modal("secret", "create", name, *(f"{key}={value}" for key, value in values.items()))
    assert result.returncode == 0, result.stderr


def deploy(modal: Cli, keys: dict[str, str]) -> str:
    """Deploy the render app; the URL of its submit endpoint."""
    at_deploy = {name: keys[name] for name in ("R2_ACCOUNT_ID", "R2_BUCKET_NAME")}
    result = modal("deploy", str(APP), "--name", NAME, **at_deploy)
    assert result.returncode == 0, result.stdout + result.stderr
    return next(word for word in result.stdout.split() if word.endswith(HOST))


@pytest.fixture
def keys(sandbox: RunningSandbox) -> dict[str, str]:
    """A bucket's credentials."""
    return make_bucket(sandbox, BUCKET)


@pytest.fixture
def submit_url(modal: Cli, keys: dict[str, str]) -> str:
    """The deployed render app."""
    create_secret(modal, "r2-credentials", **keys)
    create_secret(modal, "render-auth", MODAL_AUTH_TOKEN=TOKEN)
    return deploy(modal, keys)


def test_a_wrong_token_is_refused(modal: Cli) -> None:
    assert "Workspace: sandbox" in modal("token", "info").stdout
    for command in (("token", "info"), ("secret", "list"), ("app", "list")):
        result = modal(*command, MODAL_TOKEN_SECRET="as-wrong")
        assert result.returncode == 1
        assert "Token validation failed" in result.stderr


def test_secrets_are_created_listed_and_forced(modal: Cli) -> None:
    create_secret(modal, "one", A="1")
    again = modal("secret", "create", "one", "A=2")
    assert again.returncode == 1
    assert "already exists" in again.stderr
    assert modal("secret", "create", "one", "A=2", "--force").returncode == 0
    listed = json.loads(modal("secret", "list", "--json").stdout)
    assert [row["name"] for row in listed] == ["one"]
    assert modal("secret", "delete", "one", "--yes").returncode == 0
    assert json.loads(modal("secret", "list", "--json").stdout) == []


def test_the_app_is_deployed_listed_and_stopped(modal: Cli, submit_url: str, http: httpx.Client) -> None:
    listed = json.loads(modal("app", "list", "--json").stdout)
    assert [(row["description"], row["state"]) for row in listed] == [(NAME, "deployed")]
    assert len(json.loads(modal("app", "history", NAME, "--json").stdout)) == 1
    assert http.post(submit_url, json={}).status_code == 200
    assert modal("app", "stop", NAME).returncode == 1
    assert modal("app", "stop", NAME, "--yes").returncode == 0
    assert [app["state"] for app in json.loads(modal("app", "list", "--json").stdout)] == ["stopped"]
    answer = http.post(submit_url, json={})
    assert answer.status_code == 404
    assert answer.text == "modal-http: app for invoked web endpoint is stopped"
    assert "already stopped" in modal("app", "stop", NAME, "--yes").stderr


@pytest.mark.parametrize("forgotten", ["R2_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"])
def test_a_key_forgotten_in_the_secret_stops_the_deploy(modal: Cli, forgotten: str) -> None:
    values = {f"R2_{name}": "x" for name in ("ACCOUNT_ID", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "BUCKET_NAME")}
    values |= {f"AWS_{name}": "x" for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")}
    del values[forgotten]
    create_secret(modal, "r2-credentials", **values)
    create_secret(modal, "render-auth", MODAL_AUTH_TOKEN=TOKEN)
    result = modal("deploy", str(APP), "--name", NAME, R2_ACCOUNT_ID="x", R2_BUCKET_NAME="x")
    assert result.returncode == 1
    assert f"Secret 'r2-credentials' is missing key(s): {forgotten}" in result.stdout + result.stderr
    assert "deployed" not in modal("app", "list", "--json").stdout


def test_the_deploy_must_know_the_bucket(modal: Cli) -> None:
    result = modal("deploy", str(APP), "--name", NAME, R2_ACCOUNT_ID="x")
    assert result.returncode != 0
    assert "R2_BUCKET_NAME is not set" in result.stdout + result.stderr


def test_the_token_is_the_one_in_the_secret_when_the_container_starts(
    modal: Cli, submit_url: str, http: httpx.Client, keys: dict[str, str]
) -> None:
    assert http.post(submit_url, json={"auth_token": TOKEN}).json()["status"] == 400
    assert modal("secret", "create", "render-auth", "MODAL_AUTH_TOKEN=new", "--force").returncode == 0
    # The running container has the old value until it is replaced.
    assert http.post(submit_url, json={"auth_token": "new"}).json()["status"] == 401
    deploy(modal, keys)
    assert http.post(submit_url, json={"auth_token": "new"}).json()["status"] == 400
