"""The operator's own JupyterLab: one that shows this checkout already, or one that is started on loopback and ends with this server.

Its token is Jupyter's own affair: the browser gets it in one redirect, and it stands in no page, no log and no process's arguments.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import httpx
import psutil
from jupyter_core.paths import jupyter_runtime_dir
from pydantic import SecretStr

from deploybook.errors import ConfigurationError
from deploybook.state.processes import is_alive

COMMAND = (sys.executable, "-m", "deploybook.serve.lab")
RUNTIME_VARIABLE, TOKEN_VARIABLE = "JUPYTER_RUNTIME_DIR", "JUPYTER_TOKEN"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
START_SECONDS, END_SECONDS, ANSWER_SECONDS, PAUSE_SECONDS = 120.0, 15.0, 10.0, 0.1


@dataclass(frozen=True)
class Lab:
    """A Jupyter server of this user's; ``url`` ends with a slash."""

    url: str
    token: SecretStr
    root: Path
    pid: int

    def address(self, notebook: Path) -> str:
        """Where JupyterLab shows a notebook that is below its root, the token included."""
        path = quote(notebook.relative_to(self.root).as_posix())
        token = self.token.get_secret_value()
        return f"{self.url}lab/tree/{path}" + (f"?{urlencode({'token': token})}" if token else "")


def listed(folder: Path) -> Iterator[Lab]:
    """The servers that `jupyter server list` shows: the files that each keeps in ``folder``, for this user alone, as long as it runs."""
    for path in sorted(folder.glob("jpserver-*.json")):
        with suppress(OSError, ValueError, LookupError, TypeError):
            info = json.loads(path.read_text(encoding="utf-8"))
            if is_alive(int(info["pid"])):
                yield Lab(
                    str(info["url"]), SecretStr(str(info["token"])), Path(info["root_dir"]).resolve(), int(info["pid"])
                )


class Jupyter:
    """``environ`` is the operator's: nothing that was typed into a page is in it. ``learn`` is called with each token."""

    def __init__(self, root: Path, environ: Mapping[str, str], learn: Callable[[list[SecretStr]], None]) -> None:
        self._root = root.resolve()
        self._environ = dict(environ)
        self._learn = learn
        self._folder = Path(environ.get(RUNTIME_VARIABLE) or jupyter_runtime_dir())
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()
        self._tickets: dict[str, str] = {}

    async def ticket(self, path: str) -> str:
        """A word that ``redeem`` takes once for the address of a notebook, by its path in the checkout.

        Raises ConfigurationError if JupyterLab does not start.
        """
        notebook = self._root / path
        async with self._starting:
            lab = await self._running(notebook) or await self._start(path)
        self._learn([lab.token])
        word = secrets.token_urlsafe(32)
        self._tickets[word] = lab.address(notebook)
        return word

    def redeem(self, word: str) -> str | None:
        """The address behind a ticket, once."""
        return self._tickets.pop(word, None)

    async def close(self) -> None:
        """End the JupyterLab that was started here, and its kernels."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), END_SECONDS)
        except TimeoutError:
            self._process.kill()

    async def _running(self, notebook: Path) -> Lab | None:
        for lab in listed(self._folder):
            if notebook.is_relative_to(lab.root) and urlsplit(lab.url).hostname in LOOPBACK and await _runs_ours(lab):
                return lab
        return None

    async def _start(self, path: str) -> Lab:
        """Start one with a token of its own; Jupyter takes a port that is free, and says which in its file."""
        root = [] if os.geteuid() else ["--allow-root"]
        self._process = process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={self._root}", *root),
            cwd=self._root,
            env=self._environ | {TOKEN_VARIABLE: secrets.token_urlsafe(32)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,  # an address in it has the token
            start_new_session=True,
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while process.returncode is None:
                    if lab := next((lab for lab in listed(self._folder) if lab.pid == process.pid), None):
                        return lab
                    await asyncio.sleep(PAUSE_SECONDS)
        await self.close()
        raise ConfigurationError("JupyterLab did not start.", f"Run jupyter lab {path} in a terminal: it says why.")


async def _runs_ours(lab: Lab) -> bool:
    """Whether a server answers with JupyterLab, and is this Python's, which its kernels are too: another one may not have deploybook."""
    headers = {"Authorization": f"token {lab.token.get_secret_value()}"}
    try:
        python = Path(psutil.Process(lab.pid).cmdline()[0])
        async with httpx.AsyncClient(headers=headers, timeout=ANSWER_SECONDS, trust_env=False) as client:
            page = await client.get(f"{lab.url}lab")
    except (psutil.Error, IndexError, httpx.HTTPError, httpx.InvalidURL):
        return False
    return page.status_code == 200 and python.parent == Path(sys.executable).parent
