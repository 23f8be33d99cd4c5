"""The published pages in a real browser, at a desk and on a phone, in light and dark."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, ViewportSize, sync_playwright

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGES = [
    "",
    "DEPLOY_PROD_CHECKLIST/",
    "runbooks/",
    "runbooks/r2/",
    "runbooks/webhook_secret/",
    "troubleshooting/",
    "how-it-proves-itself/",
    "reference/variables/",
    "reference/cli/",
    "reference/errors/",
    "STYLE/",
]
DESK, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)
# Each page once as it is hardest, and those that are used most in every way.
WAYS = [(path, True, True) for path in PAGES]
WAYS += [(path, phone, False) for path in ("DEPLOY_PROD_CHECKLIST/", "runbooks/r2/") for phone in (False, True)]
WAYS += [(path, False, True) for path in ("DEPLOY_PROD_CHECKLIST/", "runbooks/r2/")]

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, served: str) -> Iterator[Open]:
    """Open a page by its path. Whatever it asks of another host is cut off and noted in ``outside``."""
    outside: list[str] = []
    host = urlsplit(served).netloc
    contexts = []

    def opened(path: str, *, phone: bool = False, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport=PHONE if phone else DESK,
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        context.on("request", lambda request: outside.extend(_elsewhere(request, host)))
        context.route(lambda url: urlsplit(url).netloc != host, lambda route: route.abort())
        page = context.new_page()
        page.goto(served + path, wait_until="networkidle")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert outside == []


def _elsewhere(request: Request, host: str) -> list[str]:
    parts = urlsplit(request.url)
    return [request.url] if parts.scheme not in {"data", "blob"} and parts.netloc != host else []


@pytest.mark.parametrize(("path", "phone", "dark"), WAYS)
def test_a_page_fits_its_screen_and_axe_finds_nothing_serious(
    open_page: Open, path: str, phone: bool, dark: bool
) -> None:
    page = open_page(path, phone=phone, dark=dark)
    widest = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    assert page.evaluate(widest) <= (PHONE if phone else DESK)["width"]
    serious = [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]
    assert serious == []


def test_the_palette_follows_the_system(open_page: Open) -> None:
    scheme = "document.body.getAttribute('data-md-color-scheme')"
    assert open_page("").evaluate(scheme) == "default"
    assert open_page("", dark=True).evaluate(scheme) == "slate"


def test_search_finds_a_variable(open_page: Open) -> None:
    page = open_page("")
    page.get_by_role("textbox", name="Search").click()
    page.keyboard.type("R2_SECRET_ACCESS_KEY")
    page.locator(".md-search-result__link").first.wait_for()
    assert "R2_SECRET_ACCESS_KEY" in page.locator(".md-search-result__list").inner_text()


def test_a_command_is_copied_as_it_stands(open_page: Open) -> None:
    page = open_page("runbooks/r2/")
    block = page.locator(".highlight", has_text="papermill runbooks/r2.ipynb")
    block.hover()
    block.get_by_role("button", name="Copy to clipboard").click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == "papermill runbooks/r2.ipynb build/r2.ipynb"


def test_the_outcome_of_a_line_is_said_without_colour(open_page: Open) -> None:
    page = open_page("runbooks/r2/")
    failed = page.locator(".db-line.db-failed")
    assert failed.locator(".db-sign").inner_text() == "✗"
    assert failed.get_by_role("img", name="failed").count() == 1
    assert failed.get_by_role("link", name="cors").count() == 1


def test_the_link_beside_a_failure_leads_to_its_entry(open_page: Open) -> None:
    page = open_page("runbooks/r2/")
    page.locator(".db-line.db-failed a.db-entry").click()
    assert page.url.endswith("/troubleshooting/#cors")
    assert page.locator("#cors").is_visible()


def test_the_slug_of_each_section_is_an_anchor_of_the_checklist(open_page: Open) -> None:
    page = open_page("DEPLOY_PROD_CHECKLIST/")
    slugs = ("r2", "turso", "modal", "webhook_secret", "vercel", "render", "end_to_end", "ci_cd")
    assert [page.locator(f"h2#{slug}").count() for slug in slugs] == [1] * len(slugs)
