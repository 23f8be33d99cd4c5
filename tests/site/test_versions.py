"""The published versions: `mike deploy` as pages.yml calls it, in a repository of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.site.conftest import STARTED, WHOLE, Checkout, make_checkout, serving
from tests.test_workflows import script


def run(checkout: Checkout, *command: str, **environ: str) -> None:
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "GIT_CONFIG_GLOBAL": os.devnull, **environ}
    completed = subprocess.run(command, cwd=checkout.root, env=environment, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The remote's branch after a push to main, a release and another push, below a path as a project's pages are."""
    place = tmp_path_factory.mktemp("versions")
    checkout = make_checkout(place / "checkout")
    (checkout.root / ".venv").symlink_to(sys.prefix)
    (place / "gh").write_text("#!/bin/sh\n")
    (place / "gh").chmod(0o755)
    path = f"{place}:{os.environ['PATH']}"
    run(checkout, "git", "init", "--quiet", "--bare", str(place / "remote"))
    run(checkout, "git", "init", "--quiet", "--initial-branch", "main")
    run(checkout, "git", "remote", "add", "origin", str(place / "remote"))
    run(checkout, "git", "add", "mkdocs.yml")
    run(
        checkout,
        "git",
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.invalid",
        "commit",
        "--quiet",
        "--message",
        "the guide",
    )
    checkout.ran("r2", WHOLE["r2"])
    for kind, name in (("branch", "main"), ("tag", "v1.2"), ("branch", "main")):
        commands = script("pages.yml", "Publish")
        pushed = {"GITHUB_REF_TYPE": kind, "GITHUB_REF_NAME": name, "PATH": path}
        run(checkout, "bash", "-euo", "pipefail", "-c", commands, **pushed)
        # The next run of the workflow checks out anew, and knows of the branch only what it fetches.
        run(checkout, "git", "update-ref", "-d", "refs/heads/gh-pages")
        run(checkout, "git", "update-ref", "-d", "refs/remotes/origin/gh-pages")
        shutil.rmtree(checkout.root / "build")
    run(checkout, "git", "clone", "--quiet", "--branch", "gh-pages", str(place / "remote"), str(place / "pages/guide"))
    return place / "pages"


@pytest.fixture(scope="module")
def host(published: Path) -> Iterator[str]:
    with serving(published) as address:
        yield f"{address}guide/"


@pytest.mark.xdist_group("browser")
def test_a_release_and_a_push_are_two_versions_and_the_release_is_the_latest(published: Path) -> None:
    listed = json.loads((published / "guide" / "versions.json").read_text())
    assert {row["version"]: row["aliases"] for row in listed} == {"dev": [], "1.2": ["latest"]}
    for name in ("dev", "1.2", "latest"):
        assert (published / "guide" / name / "DEPLOY_PROD_CHECKLIST.html").is_file()
    assert "latest/" in (published / "guide" / "index.html").read_text()


@pytest.mark.xdist_group("browser")
def test_the_history_of_the_runs_goes_on_from_what_was_published(published: Path) -> None:
    kept = json.loads((published / "guide" / "dev" / "assets" / "history.json").read_text())
    assert [run["name"] for run in kept] == [f"{STARTED}-dry-run"]


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_a_reader_changes_the_version_and_reads_it_from_a_file_too(
    browser: Browser, published: Path, host: str
) -> None:
    urls: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        page.on("request", lambda request: urls.append(request.url))
        page.goto(host, wait_until="networkidle")
        assert page.url == f"{host}latest/"
        menu = page.locator(".md-version")
        menu.wait_for()
        assert menu.locator(".md-version__link").all_inner_texts() == ["dev", "1.2"]
        page.goto(f"{host}dev/DEPLOY_PROD_CHECKLIST.html", wait_until="networkidle")
        assert menu.locator(".md-version__current").inner_text() == "dev"
        assert [url for url in urls if not url.startswith((host, "data:", "blob:"))] == []
        page.goto((published / "guide/latest/DEPLOY_PROD_CHECKLIST.html").as_uri())
        assert page.locator("h2#r2").is_visible()
