"""The modal SDK as it is, in a process of its own, doing a workspace's whole life against the sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

pytestmark = pytest.mark.client

# Sets ``result``; an exception is reported by its name and its message.
RUN = """
import json, sys, modal
scope = {"modal": modal}
try:
    exec(sys.stdin.read(), scope)
    print("\\n" + json.dumps({"value": scope.get("result")}))
except Exception as error:
    print("\\n" + json.dumps({"refused": type(error).__name__, "message": str(error)}))
"""
APP = """
import os
import modal

app = modal.App()
image = modal.Image.debian_slim().pip_install("fastapi[standard]")
auth = modal.Secret.from_name("render-auth", required_keys=["MODAL_AUTH_TOKEN"])

class Odd(Exception):
    pass

@app.function(image=image, secrets=[auth], gpu=["A10G", "L4"])
def double(value):
    return {"value": value * 2, "token": os.environ["MODAL_AUTH_TOKEN"]}

@app.function(image=image)
def wait(seconds):
    import time
    time.sleep(seconds)

@app.function(image=image)
def fail():
    raise KeyError("nothing")

@app.function(image=image)
@modal.fastapi_endpoint(method="GET", label="hello")
def hello(name: str = "you"):
    return {"hello": name}
"""


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """An empty workspace."""
    started = start_sandbox("modal")
    started.reset()
    return started


@pytest.fixture
def sdk(sandbox: RunningSandbox, tmp_path: Path) -> Callable[..., Any]:
    """Run code with the SDK; what it raises comes back as ``{"refused", "message"}``."""
    (tmp_path / "studio.py").write_text(APP)

    def run(code: str, **environment: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-c", RUN],
            input=code,
            env=sandbox.environment(**environment),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


DEPLOYED = """
import studio
modal.Secret.objects.create("render-auth", {"MODAL_AUTH_TOKEN": "t"}, allow_existing=True)
studio.app.deploy(name="studio")
"""


def test_a_wrong_token_is_an_auth_error(sdk: Callable[..., Any]) -> None:
    assert "value" in sdk("modal.Client.from_env().hello()")
    for wrong in ({"MODAL_TOKEN_SECRET": "as-wrong"}, {"MODAL_TOKEN_ID": "ak-wrong"}):
        assert sdk("modal.Client.from_env().hello()", **wrong)["refused"] == "AuthError"
        assert sdk("modal.Secret.objects.list()", **wrong)["refused"] == "AuthError"


def test_a_secret_lives_its_life(sdk: Callable[..., Any]) -> None:
    create = 'modal.Secret.objects.create("s", {"A": "1", "B": "2"}'
    assert "value" in sdk(f"{create})")
    assert sdk(f"{create})")["refused"] == "AlreadyExistsError"
    assert "value" in sdk(f"{create}, allow_existing=True)")
    assert sdk("result = [it.name for it in modal.Secret.objects.list()]") == {"value": ["s"]}
    assert "value" in sdk('modal.Secret.from_name("s").update({"C": "3"})')
    assert "value" in sdk('modal.Secret.from_name("s", required_keys=["A", "B", "C"]).hydrate()')
    refused = sdk('modal.Secret.from_name("s", required_keys=["A", "D"]).hydrate()')
    assert (refused["refused"], refused["message"]) == ("ConflictError", "Secret 's' is missing key(s): D")
    assert "value" in sdk('modal.Secret.objects.delete("s")')
    assert sdk('modal.Secret.from_name("s").hydrate()')["refused"] == "NotFoundError"
    assert sdk('modal.Secret.objects.delete("s")')["refused"] == "NotFoundError"


def test_more_secrets_than_a_page_are_listed(sdk: Callable[..., Any]) -> None:
    code = """
for number in range(205):
    modal.Secret.objects.create(f"s{number}", {"A": "1"})
result = len({it.name for it in modal.Secret.objects.list()})
"""
    assert sdk(code) == {"value": 205}


def test_an_app_is_deployed_looked_up_listed_and_stopped(sdk: Callable[..., Any]) -> None:
    assert "value" in sdk(DEPLOYED)
    names = 'result = [it.name for it in modal.Environment.from_name("main").apps.list()]'
    assert sdk(names) == {"value": ["studio"]}
    assert sdk('result = modal.App.lookup("studio").app_id')["value"].startswith("ap-")
    url = sdk('result = modal.Function.from_name("studio", "hello").get_web_url()')["value"]
    assert url.startswith("https://127.0.0.1:")
    assert url.endswith("/sandbox--hello.modal.run")
    assert not sdk('result = modal.Function.from_name("studio", "double").get_web_url()')["value"]
    assert "value" in sdk('modal.App.lookup("studio").stop()')
    assert sdk('modal.App.lookup("studio")')["refused"] == "NotFoundError"
    assert sdk('modal.Function.from_name("studio", "hello").get_web_url()')["refused"] == "NotFoundError"
    assert sdk(names) == {"value": []}


def test_a_deploy_without_its_secret_is_refused_and_nothing_is_live(sdk: Callable[..., Any]) -> None:
    refused = sdk("import studio\nstudio.app.deploy(name='studio')")
    assert refused["refused"] == "NotFoundError"
    assert "render-auth" in refused["message"]
    assert sdk('modal.App.lookup("studio")')["refused"] == "NotFoundError"


def test_functions_are_called_for_real(sdk: Callable[..., Any]) -> None:
    sdk(DEPLOYED)
    assert sdk('result = modal.Function.from_name("studio", "double").remote(21)') == {
        "value": {"value": 42, "token": "t"}
    }
    many = 'result = [it["value"] for it in modal.Function.from_name("studio", "double").map(range(5))]'
    assert sdk(many) == {"value": [0, 2, 4, 6, 8]}
    large = 'result = len(modal.Function.from_name("studio", "double").remote("x" * (3 << 20))["value"])'
    assert sdk(large) == {"value": 6 << 20}
    refused = sdk('modal.Function.from_name("studio", "fail").remote()')
    assert (refused["refused"], refused["message"]) == ("KeyError", "'nothing'")


def test_a_spawned_call_is_found_by_its_id(sdk: Callable[..., Any]) -> None:
    sdk(DEPLOYED)
    call_id = sdk('result = modal.Function.from_name("studio", "double").spawn(1).object_id')["value"]
    assert sdk(f'result = modal.FunctionCall.from_id("{call_id}").get(timeout=30)["value"]') == {"value": 2}
    running = sdk('result = modal.Function.from_name("studio", "wait").spawn(60).object_id')["value"]
    assert sdk(f'modal.FunctionCall.from_id("{running}").get(timeout=0)')["refused"] == "TimeoutError"
    assert sdk('modal.FunctionCall.from_id("fc-nothing").get(timeout=0)')["refused"] == "NotFoundError"


def test_a_function_defined_in_a_notebook_is_serialized(sdk: Callable[..., Any]) -> None:
    code = """
app = modal.App()
offset = 40
@app.function(serialized=True, image=modal.Image.debian_slim(python_version="3.11"))
def add(value):
    return value + offset
app.deploy(name="notebook")
result = modal.Function.from_name("notebook", "add").remote(2)
"""
    assert sdk(code) == {"value": 42}


def test_an_outage_of_a_moment_is_ridden_out(sdk: Callable[..., Any], sandbox: RunningSandbox) -> None:
    sdk('modal.Secret.objects.create("s", {"A": "1"})')
    fault = {"service": "modal", "kind": "lost-answer", "path": ".*/SecretGetOrCreate", "times": 2}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    assert "value" in sdk('modal.Secret.objects.create("t", {"A": "1"})')
    assert sdk("result = [it.name for it in modal.Secret.objects.list()]") == {"value": ["t", "s"]}


def test_what_the_sandbox_does_not_have_says_so(sdk: Callable[..., Any]) -> None:
    refused = sdk('modal.Queue.from_name("q", create_if_missing=True).hydrate()')
    assert "not implemented in the sandbox: POST /modal.client.ModalClient/QueueGetOrCreate" in refused["message"]
