"""A workspace that has spent what its owner allows: what costs money is refused, what costs none goes on."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from grpclib.const import Status
from modal_proto import api_pb2
from tests.sandbox.modal.conftest import Deployer, Rpc, web

from deploybook.sandbox.core.certificates import Certificates
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.modal.service import ModalService

SOURCE = """
    image = modal.Image.debian_slim()

    @app.function(image=image)
    def submit():
        return 1
"""
REASON = "workspace billing cycle spend limit reached"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ModalService]:
    """A started service in a thread of this process, whose state a test can change."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    started = ModalService(Context(tmp_path, Certificates(tmp_path)))
    asyncio.run_coroutine_threadsafe(started.start(), loop).result(30)
    yield started
    asyncio.run_coroutine_threadsafe(started.close(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_spent_budget_refuses_calls_web_requests_and_new_apps(service: ModalService, tmp_path: Path) -> None:
    rpc = Rpc(service.exports())
    functions = Deployer(rpc)("job", SOURCE, {"submit": {"webhook_config": web("GET")}})
    function_id, url = functions["submit"]
    service.workspace.spend_limit_reached = True
    call = api_pb2.FunctionMapRequest(function_id=function_id)
    assert rpc.refusal("FunctionMap", call) == (Status.RESOURCE_EXHAUSTED, f"Function call failed: {REASON}")
    app = api_pb2.AppCreateRequest(description="another", app_state=api_pb2.APP_STATE_INITIALIZING)
    assert rpc.refusal("AppCreate", app) == (Status.RESOURCE_EXHAUSTED, f"App creation failed: {REASON}")
    trusted = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    response = httpx.get(url, verify=trusted, trust_env=False)
    assert response.status_code == 429
    assert response.text == f"modal-http: Webhook failed: {REASON}"


def test_a_spent_budget_leaves_the_token_the_secrets_and_the_lists_as_they_are(service: ModalService) -> None:
    rpc = Rpc(service.exports())
    Deployer(rpc)("job", SOURCE, {"submit": {}})
    service.workspace.spend_limit_reached = True
    assert rpc("TokenInfoGet", api_pb2.TokenInfoGetRequest()).token_id == service.workspace.token_id
    assert [app.name for app in rpc("AppList", api_pb2.AppListRequest()).apps] == ["job"]
    assert Deployer(rpc).secret("render-auth", MODAL_AUTH_TOKEN="x").startswith("st-")
