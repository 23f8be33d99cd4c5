"""The published versions: `mike deploy` as pages.yml calls it, in a repository of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import sync_playwright
from tests.site.conftest import Checkout, make_checkout
from tests.site.test_browser import CHROMIUM

BOT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "bot",
    "GIT_AUTHOR_EMAIL": "bot@bot.invalid",
    "GIT_COMMITTER_NAME": "bot",
    "GIT_COMMITTER_EMAIL": "bot@bot.invalid",
}


def run(checkout: Checkout, *command: str) -> str:
    # mike calls mkdocs by its name.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environ = {**os.environ, **BOT, "NO_MKDOCS_2_WARNING": "1", "PATH": path}
    done = subprocess.run(command, cwd=checkout.root, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The branch's tree after a push to main and a release, below a path as a project's pages are."""
    place = tmp_path_factory.mktemp("versions")
    checkout = make_checkout(place / "checkout")
    run(checkout, "git", "init", "--quiet", "--initial-branch", "main")
    run(checkout, "git", "add", "mkdocs.yml")
    run(checkout, "git", "commit", "--quiet", "--message", "the guide")
    run(checkout, "mike", "deploy", "--alias-type", "copy", "dev")
    run(checkout, "mike", "deploy", "--alias-type", "copy", "--update-aliases", "1.2", "latest")
    run(checkout, "mike", "set-default", "latest")
    run(checkout, "git", "worktree", "add", "--quiet", str(place / "pages" / "guide"), "gh-pages")
    return place / "pages"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""


@pytest.fixture(scope="module")
def host(published: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(published))) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/guide/"
        server.shutdown()
        thread.join()


@pytest.mark.xdist_group("versions")
def test_a_push_and_a_release_are_two_versions_and_the_release_is_the_latest(published: Path) -> None:
    listed = json.loads((published / "guide" / "versions.json").read_text())
    assert {each["version"]: each["aliases"] for each in listed} == {"dev": [], "1.2": ["latest"]}
    for name in ("dev", "1.2", "latest"):
        assert (published / "guide" / name / "DEPLOY_PROD_CHECKLIST" / "index.html").is_file()
    assert "latest/" in (published / "guide" / "index.html").read_text()


@pytest.mark.browser
@pytest.mark.xdist_group("versions")
def test_a_reader_changes_the_version_and_reads_it_from_a_file_too(published: Path, host: str) -> None:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(host, wait_until="networkidle")
        assert page.url == f"{host}latest/"
        menu = page.locator(".md-version")
        menu.wait_for()
        assert menu.locator(".md-version__link").all_inner_texts() == ["dev", "1.2"]
        page.goto(f"{host}dev/DEPLOY_PROD_CHECKLIST/", wait_until="networkidle")
        assert menu.locator(".md-version__current").inner_text() == "dev"
        assert [url for url in asked if not url.startswith((host, "data:", "blob:"))] == []
        page.goto((published / "guide/latest/DEPLOY_PROD_CHECKLIST/index.html").as_uri())
        assert page.locator("h2#r2").is_visible()
        browser.close()
