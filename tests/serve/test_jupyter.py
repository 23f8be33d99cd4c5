"""*Open in JupyterLab*: a real JupyterLab is started on loopback, found again, and ended with the server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from tests.conftest import ROOT, without_operator
from tests.waiting import PATIENCE_SECONDS, until

from deploybook.errors import ConfigurationError
from deploybook.serve import jupyter
from deploybook.serve.jupyter import Jupyter, Lab, listed
from deploybook.serve.workshop import working_copy
from deploybook.state.processes import is_alive

NOTEBOOK = "runbooks/r2.ipynb"


def environment(runtime: Path) -> dict[str, str]:
    """Of an operator whose Jupyter keeps its files in a folder of the test's."""
    own = {"JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_CONFIG_DIR": str(runtime / "config")}
    return without_operator(os.environ) | own


def test_a_real_jupyterlab_shows_the_notebook_is_found_again_and_ends_with_the_server(tmp_path: Path) -> None:
    """One test: it starts a process that takes seconds."""
    environ = environment(tmp_path / "runtime")
    asyncio.run(_start_find_and_end(Jupyter(ROOT, environ, lambda _: None), environ, tmp_path / "runtime"))


async def _start_find_and_end(first: Jupyter, environ: dict[str, str], runtime: Path) -> None:
    ticket = await first.ticket(NOTEBOOK)
    address = first.redeem(ticket)
    assert address is not None
    assert first.redeem(ticket) is None
    parts = urlsplit(address)
    assert (parts.hostname, parts.path) == ("127.0.0.1", f"/lab/tree/{NOTEBOOK}")
    [token] = parse_qs(parts.query)["token"]
    [started] = _listed_by_jupyter(environ)
    assert (started["token"], Path(started["root_dir"])) == (token, ROOT)
    assert token not in Path(f"/proc/{started['pid']}/cmdline").read_text()
    async with httpx.AsyncClient(trust_env=False) as client:
        contents = f"{started['url']}api/contents/{NOTEBOOK}"
        refused = await client.get(contents)
        page = await client.get(address)
        notebook = await client.get(contents, headers={"Authorization": f"token {token}"})
    assert "jupyter-config-data" in page.text
    assert refused.status_code == 403
    assert notebook.json()["type"] == "notebook"
    # Another server, as after a restart, takes the one that is there, and does not end it.
    second = Jupyter(ROOT, environ, lambda _: None)
    assert second.redeem(await second.ticket(NOTEBOOK)) == address
    await second.close()
    assert is_alive(started["pid"])
    await first.close()
    until(lambda: not is_alive(started["pid"]), "the end of JupyterLab")
    assert list(listed(runtime)) == []


def _listed_by_jupyter(environ: dict[str, str]) -> list[dict[str, Any]]:
    """What Jupyter's own command says is running."""
    command = [sys.executable, "-m", "jupyter_server", "list", "--jsonlist"]
    completed = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    servers: list[dict[str, Any]] = json.loads(completed.stdout)
    return servers


def test_it_ends_with_a_server_that_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jupyterlab").mkdir()
    (tmp_path / "jupyterlab" / "__init__.py").touch()
    (tmp_path / "jupyterlab" / "labapp.py").write_text(
        "import signal\ndef main():\n    print('up', flush=True)\n    signal.pause()\n"
    )
    environ = environment(tmp_path) | {"PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(
        jupyter.COMMAND, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as lab:
        assert lab.stdout is not None
        assert lab.stdin is not None
        assert lab.stdout.readline() == "up\n"
        # What a killed process held is closed.
        lab.stdin.close()
        assert lab.wait(PATIENCE_SECONDS) == -15


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """Jupyter's folder."""
    (tmp_path / "runtime").mkdir()
    return tmp_path / "runtime"


def write(runtime: Path, **values: object) -> None:
    info = {"url": "http://127.0.0.1:1/", "token": "t", "root_dir": str(ROOT), "pid": os.getpid()} | values
    (runtime / f"jpserver-{len(list(runtime.iterdir()))}.json").write_text(json.dumps(info))


def test_what_is_no_record_of_a_living_server_is_passed_over(runtime: Path) -> None:
    write(runtime, pid=2**30)
    write(runtime, pid="none")
    write(runtime, token=None, url=None, root_dir=None)
    (runtime / "jpserver-9.json").write_text("{")
    assert list(listed(runtime)) == []
    write(runtime)
    assert [lab.root for lab in listed(runtime)] == [ROOT]


@pytest.mark.parametrize(
    "values",
    [
        {"url": "http://127.0.0.1:1/"},
        {"url": "http://evil.example:8888/"},
        {"url": "http://0.0.0.0:8888/"},
        {"url": "nonsense"},
        {"root_dir": str(ROOT / "docs")},
    ],
    ids=["nobody answers", "another machine", "every address", "no address", "another folder"],
)
def test_a_server_that_cannot_show_the_notebook_on_loopback_is_not_taken(
    runtime: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> None:
    write(runtime, **values)
    monkeypatch.setattr(jupyter, "COMMAND", (sys.executable, "-c", "raise SystemExit(1)"))
    with pytest.raises(ConfigurationError) as refused:
        asyncio.run(Jupyter(ROOT, environment(runtime), lambda _: None).ticket(NOTEBOOK))
    assert f"jupyter lab {NOTEBOOK}" in refused.value.hint


def test_a_name_with_signs_is_quoted_and_a_server_without_a_token_gets_none() -> None:
    lab = Lab("http://localhost:8888/base/", SecretStr(""), Path("/guide"), 1)
    assert (
        lab.address(Path("/guide/a folder/r2?.ipynb")) == "http://localhost:8888/base/lab/tree/a%20folder/r2%3F.ipynb"
    )


def test_a_page_is_led_to_jupyterlab_without_seeing_its_token(
    client: httpx.Client, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "http://127.0.0.1:8888/lab/tree/build/r2.ipynb?token=not-in-a-page"

    async def ticket(path: str) -> str:
        assert re.fullmatch(r"build/r2-[0-9a-f]{8}\.ipynb", path)
        served.workshop.jupyter._tickets["once"] = address
        return "once"

    monkeypatch.setattr(served.workshop.jupyter, "ticket", ticket)
    answer = client.post("/-/jupyter", json={"notebook": "r2"})
    assert answer.json() == {"open": "/-/jupyter/once"}
    led = client.get("/-/jupyter/once")
    assert (led.status_code, led.headers["location"]) == (303, address)
    assert client.get("/-/jupyter/once").status_code == 404


def test_the_copy_of_a_runbook_keeps_what_was_saved_in_it_until_the_runbook_changes(tmp_path: Path) -> None:
    notebook, folder = tmp_path / "r2.ipynb", tmp_path / "build"
    notebook.write_text("first", encoding="utf-8")
    first = working_copy(notebook, folder)
    first.write_text("with outputs", encoding="utf-8")
    again = working_copy(notebook, folder)
    notebook.write_text("second", encoding="utf-8")
    second = working_copy(notebook, folder)
    assert again == first
    assert first.read_text(encoding="utf-8") == "with outputs"
    assert second.read_text(encoding="utf-8") == "second"
    assert notebook.read_text(encoding="utf-8") == "second"


@pytest.mark.parametrize(("notebook", "status"), [("nothing", 409), ("../r2", 400), ("", 400)])
def test_what_is_no_runbook_is_refused(client: httpx.Client, notebook: str, status: int) -> None:
    assert client.post("/-/jupyter", json={"notebook": notebook}).status_code == status
