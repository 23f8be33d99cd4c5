"""A checkout of the guide whose runs are the test's own, and the site built from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.site.browser import browser, open_page

from deploybook.guide.guide import Guide
from deploybook.layout import Layout
from deploybook.runbook.events import MIME, Event, Table
from deploybook.runner.report import CellResult, RunReport, SectionResult

# Fixtures of every test below.
__all__ = ["browser", "open_page"]

ROOT = Path(__file__).resolve().parents[2]
STARTED = "20260102T030405Z"
# How long each cell took that showed something.
SECONDS = 1.25

Shown = Mapping[str, Sequence[Any]]


@dataclass
class Checkout:
    """A root with this checkout's own files (linked) and a ``build/`` of its own."""

    root: Path
    results: list[SectionResult] = field(default_factory=list)

    @property
    def layout(self) -> Layout:
        """Its folders."""
        return Layout(self.root)

    def guide(self) -> Guide:
        """The guide as it is now."""
        return Guide.read(self.layout)

    def own(self, *parts: str) -> None:
        """Replace the links to these folders by copies that the test may change."""
        for part in parts:
            path = self.root / part
            path.unlink()
            subprocess.run(["cp", "-r", ROOT / part, path], check=True)

    def build(self, *options: str) -> subprocess.CompletedProcess[str]:
        """``mkdocs build --strict`` as a person types it, into ``build/site``."""
        return subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--strict", *options],
            cwd=self.root,
            env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    def ran(
        self, slug: str, outputs: Shown, *, started: str = STARTED, status: str = "passed", error: str = ""
    ) -> Path:
        """Leave behind what a dry run of one section would: the executed copy, and the report."""
        directory = self.layout.runs / f"{started}-dry-run"
        directory.mkdir(parents=True, exist_ok=True)
        notebook = json.loads(self.layout.notebook(slug).read_text(encoding="utf-8"))
        cells = [self._executed(cell, outputs) for cell in notebook["cells"]]
        injected = {"cell_type": "code", "id": "1", "metadata": {"tags": ["injected-parameters"]}, "outputs": []}
        cells.insert(2, {**injected, "execution_count": 1, "source": ['environment = "injected"']})
        (directory / f"{slug}.ipynb").write_text(json.dumps({**notebook, "cells": cells}), encoding="utf-8")
        result = SectionResult(slug, slug, status, 3.14, f"{slug}.ipynb")
        result.cells = [
            CellResult(cell["id"], cell["metadata"].get("papermill", {}).get("duration", 0.0), _events(cell))
            for cell in cells
            if cell["cell_type"] == "code"
        ]
        if error:
            result.error = {"type": "X", "message": error, "hint": "", "entry": "", "exit_code": 4, "cell": "verify"}
        self.results.append(result)
        self.report(directory, [result], started)
        return directory

    def report(self, directory: Path, results: list[SectionResult], started: str = STARTED) -> None:
        """Write the report of a run of these sections."""
        when = f"{started[:4]}-{started[4:6]}-{started[6:8]}T{started[9:11]}:{started[11:13]}:{started[13:15]}+00:00"
        RunReport("dry-run", "production", when, 5.0, "0123456789abcdef+", results).write(directory)

    @staticmethod
    def _executed(cell: Any, outputs: Shown) -> Any:
        if cell["cell_type"] != "code":
            return cell
        displayed = [_output(each) for each in outputs.get(cell["id"], [])]
        metadata = {**cell["metadata"], "papermill": {"duration": SECONDS if displayed else 0.01}}
        return {**cell, "metadata": metadata, "outputs": displayed, "execution_count": 1}


def _events(cell: Any) -> list[dict[str, Any]]:
    return [output["data"][MIME] for output in cell["outputs"] if MIME in output.get("data", {})]


def _output(output: Any) -> dict[str, Any]:
    if isinstance(output, Event | Table):
        return {"output_type": "display_data", "metadata": {}, "data": output.bundle()}
    if isinstance(output, str):
        return {"output_type": "stream", "name": "stdout", "text": [output]}
    return dict(output)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout without any run."""
    return make_checkout(tmp_path / "checkout")


def make_checkout(root: Path) -> Checkout:
    root.mkdir()
    for name in ("docs", "runbooks", "scripts", "mkdocs.yml", "README.md", "CONTRIBUTING.md"):
        (root / name).symlink_to(ROOT / name)
    # What this checkout has drawn once need not be drawn for each test.
    (ROOT / ".cache").mkdir(exist_ok=True)
    (root / ".cache").symlink_to(ROOT / ".cache")
    return Checkout(root)


WHOLE: dict[str, Shown] = {
    "r2": {
        "preflight": [Event("preflight", "passed", "the operator's token is active", "account-owned")],
        "bucket": [
            Event("resource", "create", "R2 bucket studio-production"),
            Event("record", "recorded", "R2_ACCOUNT_ID"),
        ],
        "cors": [Event("resource", "later", "CORS rule", "needs NEXT_PUBLIC_APP_URL")],
        "verify": [
            Event(
                "check", "passed", "another bucket is refused", "403 for another bucket, and for the list of buckets"
            ),
            Event("check", "failed", "a presigned PUT <is> *accepted*", "no such header", "cors"),
            Event("check", "later", "a page of another origin is refused", "not yet known"),
            "plain text\nwith <angles> and a very long line " + "x" * 300,
        ],
        "handoff": [
            Table(("variable", "value"), (("R2_BUCKET_NAME", "studio-production"), ("R2_SECRET_ACCESS_KEY", "••••")))
        ],
    },
    "webhook_secret": {"verify": [Event("check", "passed", "it is 32 bytes in hex, without white space")]},
}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site, with a run of both runbooks that shows every kind of output."""
    checkout = make_checkout(tmp_path_factory.mktemp("site") / "checkout")
    for number, (slug, outputs) in enumerate(WHOLE.items()):
        checkout.ran(slug, outputs, started=f"20260102T03040{number}Z")
    result = checkout.build()
    assert result.returncode == 0, result.stderr
    return checkout.root / "build" / "site"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A folder on loopback; its address, with a slash at the end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    """The built site on loopback, below a path, as a project's pages are published."""
    (site.parent / "published").mkdir()
    (site.parent / "published" / "guide").symlink_to(site)
    with serving(site.parent / "published") as address:
        yield f"{address}guide/"
