"""A sandbox's Modal, and what the resources need around them: values, a record, an app's file."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.clouds.conftest import Connect
from tests.conftest import ROOT, RunningSandbox

from deploybook.clouds import modal
from deploybook.clouds.connections import Connections
from deploybook.contract.consumers import ConsumerVariable
from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract, load_contract
from deploybook.state.last_writes import LastWrites

# An app as the contract wants it, without the parts that cost time: no image to install, no bucket to mount.
APP = """
import os
import modal

app = modal.App()
image = modal.Image.debian_slim().pip_install("fastapi[standard]")
auth = modal.Secret.from_name("render-auth", required_keys=["MODAL_AUTH_TOKEN"])
LABEL = os.environ.get("MODAL_LABEL", "")


@app.function(image=image, secrets=[auth])
@modal.fastapi_endpoint(method="POST", label=f"{LABEL}-submit")
def submit(body: dict):
    wrong = body.get("auth_token") != os.environ["MODAL_AUTH_TOKEN"]
    return {"error": "refused", "status": 401 if wrong else 400}


@app.function(image=image)
@modal.fastapi_endpoint(method="GET", label=f"{LABEL}-status")
def status(call_id: str):
    return {"status": "unknown"}


@app.function(image=image)
def render():
    pass
"""


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("modal")
    running.reset()
    running.control.delete("/journal")
    yield running
    running.control.delete("/faults")


@pytest.fixture
def clouds(sandbox: RunningSandbox, connect: Connect) -> Connections:
    return connect(sandbox)


@pytest.fixture
def observed(tmp_path: Path) -> LastWrites:
    return LastWrites(tmp_path / "state", "test")


@pytest.fixture
def contract() -> Contract:
    return load_contract(ROOT / "runbooks" / "contract.toml")


@pytest.fixture
def token() -> SecretStr:
    return SecretStr(secrets.token_hex(32))


@pytest.fixture
def wanted(contract: Contract) -> list[Variable]:
    return contract.consumed_by("modal:render-auth")


@pytest.fixture
def render_auth(wanted: list[Variable], token: SecretStr, observed: LastWrites) -> modal.ModalSecret:
    values = {"MODAL_AUTH_TOKEN": ConsumerVariable("MODAL_AUTH_TOKEN", token, True)}
    return modal.ModalSecret("render-auth", wanted, values, observed)


@pytest.fixture
def source(tmp_path: Path) -> modal.Source:
    folder = tmp_path / "studio"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    return modal.Source.at(str(folder / "app.py"))


@pytest.fixture
def app(source: modal.Source, render_auth: modal.ModalSecret, observed: LastWrites) -> modal.ModalApp:
    return modal.ModalApp(
        "studio",
        source,
        {},
        observed,
        label="studio",
        functions=("submit", "status"),
        secrets=(render_auth,),
        minutes=1,
    )
