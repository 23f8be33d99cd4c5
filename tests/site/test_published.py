"""What is published is a guide to read: nothing of ``deploybook serve`` is in it, no button, no script, no token."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.conftest import CONTRACT, ROOT, without_operator
from tests.site.browser import Open

from deploybook.layout import Layout
from deploybook.serve.api import Api
from deploybook.serve.gate import COOKIE, TOKEN
from deploybook.serve.pages import ACTING, OWN, Pages
from deploybook.serve.workshop import Workshop

TEXTS = {".html", ".js", ".css", ".json", ".xml", ".txt", ".ipynb"}
# As panel.js names them.
ACTIONS = re.compile(r"Dry run|Plan|Apply|Verify|Destroy…|Stop|Examine|Give it|Ask the clouds")


def traces(site: Path) -> Iterator[str]:
    """Each thing of the server's in a folder of pages: an address, a class, a cookie, a token, a file."""
    routes = Api(Workshop(Layout(ROOT), CONTRACT, without_operator(os.environ))).routes()
    addresses = {route.path.partition("{")[0] for route in routes} | {f"{OWN}/acting", f"{OWN}/inline", f"{OWN}/doctor"}
    own = re.compile(
        "|".join([*map(re.escape, sorted(addresses)), r"""["' .]ds-[a-z]""", re.escape(COOKIE), rf"[?&]{TOKEN}="])
    )
    scripts = {path.read_bytes() for path in ACTING.iterdir() if path.is_file()}
    for path in sorted(path for path in site.rglob("*") if path.is_file()):
        if path.read_bytes() in scripts:
            yield f"{path.name}: a file of the server's"
        elif path.suffix in TEXTS and (match := own.search(path.read_text(encoding="utf-8"))):
            yield f"{path.name}: {match[0]}"


def test_no_file_of_the_built_guide_has_a_trace_of_the_server(site: Path) -> None:
    assert list(traces(site)) == []


def test_a_trace_is_found_in_a_page_as_the_server_delivers_it(site: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(Pages(site)._acting(site / "index.html"), encoding="utf-8")
    (tmp_path / "copied.js").write_bytes((ACTING / "main.js").read_bytes())
    assert {trace.partition(":")[0] for trace in traces(tmp_path)} == {"index.html", "copied.js"}


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("path", ["index", "DEPLOY_PROD_CHECKLIST", "runbooks/r2", "troubleshooting"])
def test_no_published_page_has_a_button_that_acts(open_page: Open, path: str) -> None:
    assert _acting(open_page(f"{path}.html")) == []


def _acting(page: Page) -> list[str]:
    names = page.get_by_role("button", include_hidden=True).evaluate_all(
        "(buttons) => buttons.map((button) => button.ariaLabel || button.textContent.trim())"
    )
    return [name for name in names if ACTIONS.match(name)]
