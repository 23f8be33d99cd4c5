"""The built site in Debian's Chromium, with the network cut to the site itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, ViewportSize, expect, sync_playwright
from tests.chromium import CHROMIUM, MISSING
from tests.waiting import PATIENCE_SECONDS

DESK, TABLET, PHONE = (
    ViewportSize(width=1280, height=900),
    ViewportSize(width=820, height=1180),
    ViewportSize(width=390, height=844),
)
# In milliseconds; reached only by what has failed: on a machine with much else to do a page is slow, and that is no failure.
PATIENCE = PATIENCE_SECONDS * 1000
expect.set_options(timeout=PATIENCE)

Open = Callable[..., Page]


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium until the end; a test without one is skipped and says so."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


# Not for the session: while Playwright is there its event loop runs, and what else a worker tests could start none of its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a worker that follow one another here."""
    with launched() as started:
        yield started


@pytest.fixture
def open_page(browser: Browser, served: str) -> Iterator[Open]:
    """Open a page by its path, in a browser that remembers nothing, or in the ``context`` of an earlier page.

    Whatever a page asks of another host is cut off; at the end the test fails for it, and for an error of a page's script. Without
    ``search`` the theme's worker, which indexes the whole guide on each page, has nothing to do.
    """
    wrong: list[str] = []
    host = urlsplit(served).netloc
    contexts: list[BrowserContext] = []

    def opened(
        path: str,
        *,
        phone: bool = False,
        dark: bool = False,
        scripts: bool = True,
        search: bool = False,
        context: BrowserContext | None = None,
    ) -> Page:
        if context is None:
            context = browser.new_context(
                viewport=PHONE if phone else DESK,
                is_mobile=phone,
                has_touch=phone,
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
                java_script_enabled=scripts,
                permissions=["clipboard-read", "clipboard-write"],
            )
            contexts.append(context)
            context.set_default_timeout(PATIENCE)
            context.on("request", lambda request: wrong.extend(_elsewhere(request, host)))
            context.on("weberror", lambda error: wrong.append(f"{error.page and error.page.url}: {error.error}"))
            context.route(lambda url: _is_elsewhere(url, host), lambda route: route.abort())
            if not search:
                context.route("**/workers/*", lambda route: route.fulfill(body="", content_type="text/javascript"))
        page = context.new_page()
        page.goto(served + path, wait_until="load")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == [], "\n".join(wrong)


def _elsewhere(request: Request, host: str) -> list[str]:
    return [request.url] if _is_elsewhere(request.url, host) else []


def _is_elsewhere(url: str, host: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in {"data", "blob", "file"} and parts.netloc != host
