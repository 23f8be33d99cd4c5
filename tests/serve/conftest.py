"""The serving page without a browser: a small site, and a client that a terminal's address has let in."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from tests.conftest import CONTRACT, ROOT, without_operator
from tests.waiting import until

from deploybook.layout import Layout
from deploybook.serve.gate import COOKIE
from deploybook.serve.server import Server, listening
from deploybook.serve.workshop import Workshop

NAME = "deploybook-0123456789abcdef.localhost"
PAGE = (
    "<!doctype html><html><head><title>The guide</title><script>var one = 1 < 2</script></head><body><article class='x'><h1>Text</h1>"
    '</article><script id=\'data\' type="application/json">{}</script><script src="assets/site.js"></script></body></html>'
)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A checkout whose state and runs are the module's own."""
    root = tmp_path_factory.mktemp("serve") / "checkout"
    root.mkdir()
    for name in ("runbooks", "docs"):
        (root / name).symlink_to(ROOT / name)
    return Layout(root)


@pytest.fixture(scope="module")
def site(layout: Layout) -> Path:
    """Two pages, a file, and a secret beside the site."""
    folder = layout.root / "site"
    (folder / "assets").mkdir(parents=True)
    for name in ("index.html", "404.html", "troubleshooting.html"):
        (folder / name).write_text(PAGE)
    (folder / "assets" / "site.js").write_text("'use strict';")
    (layout.root / "secret.env").write_text("R2_SECRET_ACCESS_KEY=hidden\n")
    return folder


@dataclass
class Served:
    """A server in a thread. ``addresses`` are what the terminal showed, oldest first; ``program`` is what it calls as ``deploybook``."""

    port: int
    server: Server
    workshop: Workshop
    program: Path
    addresses: list[str] = field(default_factory=list)
    scripts: int = 0

    def records(self) -> list[dict[str, Any]]:
        """What each process of the latest script received, oldest first: one of the script before may still be ending."""
        paths = sorted(self.program.glob(f"told-{self.scripts}-*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(path.read_text()) for path in paths]

    @property
    def host(self) -> str:
        """Its name with its port, as a browser sends it."""
        return f"{NAME}:{self.port}"

    @property
    def origin(self) -> str:
        """Its pages' origin."""
        return f"http://{self.host}"

    def token(self) -> str:
        """That of the latest address."""
        return self.addresses[-1].partition("token=")[2]

    def script(self, *steps: dict[str, Any]) -> None:
        """What the next process says (``pretended.py``)."""
        self.scripts += 1
        (self.program / "script.json").write_text(json.dumps({"record": f"told-{self.scripts}", "steps": steps}))

    def told(self) -> dict[str, Any]:
        """What the latest process received."""
        return self.records()[-1]

    def answers(self) -> list[dict[str, Any]]:
        """The answers of the page to a run, which writes them down once it has the first; the page starts other commands too."""

        def answered() -> list[dict[str, Any]]:
            return next((each["answers"] for each in self.records() if "--dialogue" in each["words"]), [])

        return until(answered, "the answer to a question")

    def lines(self, run: str) -> list[dict[str, Any]]:
        """What the feed has of a run."""
        return [line for line in self.workshop.feed.lines() if line["run"] == run]

    def ended(self, run: str) -> list[dict[str, Any]]:
        """The same, once it has ended."""
        return until(
            lambda: next(([*lines] for lines in [self.lines(run)] if lines and lines[-1]["kind"] == "ended"), None),
            f"the end of {run}",
        )


@pytest.fixture(scope="module")
def served(layout: Layout, site: Path) -> Iterator[Served]:
    """The server, on a free port."""
    bound = listening(0)
    addresses: list[str] = []
    port = bound.getsockname()[1]
    program = layout.root / "program"
    program.mkdir()
    command = (sys.executable, str(Path(__file__).with_name("pretended.py")), str(program))
    workshop = Workshop(layout, CONTRACT, without_operator(os.environ), command)
    server = Server(workshop, site, f"{NAME}:{port}", addresses.append)
    thread = Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    yield Served(port, server, workshop, program, addresses)
    server.should_exit = True
    thread.join()


@pytest.fixture
def stranger(served: Served) -> Iterator[httpx.Client]:
    """A client that has no cookie."""
    address = f"http://127.0.0.1:{served.port}"
    with httpx.Client(base_url=address, headers={"Host": served.host}, trust_env=False) as client:
        yield client


@pytest.fixture
def client(stranger: httpx.Client, served: Served) -> httpx.Client:
    """A client that was let in, and says of what it sends that it comes from the server's own page."""
    assert stranger.get("/", params={"token": served.token()}).status_code == 303
    assert COOKIE in stranger.cookies
    stranger.headers["Origin"] = served.origin
    return stranger
