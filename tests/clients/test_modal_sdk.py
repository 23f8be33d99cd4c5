"""The modal SDK as it is, in a process of its own, doing a workspace's whole life against the sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

pytestmark = pytest.mark.client

# Runs each code that it is sent, in a scope of its own; answers with what that called ``result``, or with an exception's name and message.
RUN = """
import json, sys, modal
for line in sys.stdin:
    scope = {"modal": modal}
    try:
        exec(json.loads(line), scope)
        print("\\n" + json.dumps({"value": scope.get("result")}), flush=True)
    except Exception as error:
        print("\\n" + json.dumps({"refused": type(error).__name__, "message": str(error)}), flush=True)
    print("END", flush=True)
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


@dataclass
class Sdk:
    """Runs code with the SDK, in one process for each environment: importing the SDK takes longer than what most code does."""

    sandbox: RunningSandbox
    directory: Path
    started: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def __call__(self, code: str, **environment: str) -> Any:
        """``{"value"}``, or what was raised as ``{"refused", "message"}``."""
        process = self._process(environment)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(code) + "\n")
        process.stdin.flush()
        lines = [process.stdout.readline()]
        while lines[-1] != "END\n":
            assert lines[-1], "the process ended; its error is above"
            lines.append(process.stdout.readline())
        return json.loads(lines[-2])

    def _process(self, environment: dict[str, str]) -> subprocess.Popen[str]:
        key = json.dumps(environment)
        if key not in self.started:
            self.started[key] = subprocess.Popen(
                [sys.executable, "-c", RUN],
                env=self.sandbox.environment(**environment),
                cwd=self.directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self.started[key]

    def close(self) -> None:
        """End the processes."""
        for process in self.started.values():
            process.communicate(timeout=PATIENCE_SECONDS)
            assert process.returncode == 0


@pytest.fixture
def sdk(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Sdk]:
    """The SDK, in a folder with the app ``studio``."""
    (tmp_path / "studio.py").write_text(APP)
    started = Sdk(sandbox, tmp_path)
    yield started
    started.close()


DEPLOYED = """
import studio
modal.Secret.objects.create("render-auth", {"MODAL_AUTH_TOKEN": "t"}, allow_existing=True)
studio.app.deploy(name="studio")
"""


def test_a_wrong_token_is_an_auth_error(sdk: Sdk) -> None:
    assert "value" in sdk("modal.Client.from_env().hello()")
    for wrong in ({"MODAL_TOKEN_SECRET": "as-wrong"}, {"MODAL_TOKEN_ID": "ak-wrong"}):
        assert sdk("modal.Client.from_env().hello()", **wrong)["refused"] == "AuthError"
        assert sdk("modal.Secret.objects.list()", **wrong)["refused"] == "AuthError"


def test_a_secret_lives_its_life(sdk: Sdk) -> None:
    create = 'modal.Secret.objects.create("s", {"A": "1", "B": "2"}'
    assert "value" in sdk(f"{create})")
    assert sdk(f"{create})")["refused"] == "AlreadyExistsError"
    assert "value" in sdk(f"{create}, allow_existing=True)")
    assert sdk("result = [it.name for it in modal.Secret.objects.list()]") == {"value": ["s"]}
    assert "value" in sdk('modal.Secret.from_name("s").update({"C": "3"})')
    assert "value" in sdk('modal.Secret.from_name("s", required_keys=["A", "B", "C"]).hydrate()')
    refused = sdk('modal.Secret.from_name("s", required_keys=["A", "D"]).hydrate()')
    assert refused["refused"] == "ConflictError"
    assert refused["message"] == "Secret 's' is missing key(s): D"
    assert "value" in sdk('modal.Secret.objects.delete("s")')
    assert sdk('modal.Secret.from_name("s").hydrate()')["refused"] == "NotFoundError"
    assert sdk('modal.Secret.objects.delete("s")')["refused"] == "NotFoundError"


def test_more_secrets_than_a_page_are_listed(sdk: Sdk) -> None:
    code = """
for number in range(205):
    modal.Secret.objects.create(f"s{number}", {"A": "1"})
result = len({it.name for it in modal.Secret.objects.list()})
"""
    assert sdk(code) == {"value": 205}


def test_an_app_is_deployed_looked_up_listed_and_stopped(sdk: Sdk) -> None:
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


def test_a_deploy_without_its_secret_is_refused_and_nothing_is_live(sdk: Sdk) -> None:
    refused = sdk("import studio\nstudio.app.deploy(name='studio')")
    assert refused["refused"] == "NotFoundError"
    assert "render-auth" in refused["message"]
    assert sdk('modal.App.lookup("studio")')["refused"] == "NotFoundError"


def test_functions_are_called_for_real(sdk: Sdk) -> None:
    sdk(DEPLOYED)
    assert sdk('result = modal.Function.from_name("studio", "double").remote(21)') == {
        "value": {"value": 42, "token": "t"}
    }
    many = 'result = [it["value"] for it in modal.Function.from_name("studio", "double").map(range(5))]'
    assert sdk(many) == {"value": [0, 2, 4, 6, 8]}
    large = 'result = len(modal.Function.from_name("studio", "double").remote("x" * (3 << 20))["value"])'
    assert sdk(large) == {"value": 6 << 20}
    refused = sdk('modal.Function.from_name("studio", "fail").remote()')
    assert refused["refused"] == "KeyError"
    assert refused["message"] == "'nothing'"


def test_a_spawned_call_is_found_by_its_id(sdk: Sdk) -> None:
    sdk(DEPLOYED)
    call_id = sdk('result = modal.Function.from_name("studio", "double").spawn(1).object_id')["value"]
    assert sdk(f'result = modal.FunctionCall.from_id("{call_id}").get(timeout=30)["value"]') == {"value": 2}
    running = sdk('result = modal.Function.from_name("studio", "wait").spawn(60).object_id')["value"]
    assert sdk(f'modal.FunctionCall.from_id("{running}").get(timeout=0)')["refused"] == "TimeoutError"
    assert sdk('modal.FunctionCall.from_id("fc-nothing").get(timeout=0)')["refused"] == "NotFoundError"


def test_a_function_defined_in_a_notebook_is_serialized(sdk: Sdk) -> None:
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


def test_an_outage_of_a_moment_is_ridden_out(sdk: Sdk, sandbox: RunningSandbox) -> None:
    sdk('modal.Secret.objects.create("s", {"A": "1"})')
    fault = {"service": "modal", "kind": "lost-answer", "path": ".*/SecretGetOrCreate", "times": 2}
    sandbox.control.post("/faults", json=fault).raise_for_status()
    assert "value" in sdk('modal.Secret.objects.create("t", {"A": "1"})')
    assert sdk("result = [it.name for it in modal.Secret.objects.list()]") == {"value": ["t", "s"]}


def test_what_the_sandbox_does_not_have_says_so(sdk: Sdk) -> None:
    refused = sdk('modal.Queue.from_name("q", create_if_missing=True).hydrate()')
    assert "not implemented in the sandbox: POST /modal.client.ModalClient/QueueGetOrCreate" in refused["message"]
