"""A whole deployment in a browser: from an empty vault to a green end-to-end check, after ``deploybook serve`` no terminal is touched.

The clouds are a sandbox that the server did not start. Before the last section GitHub begins to refuse the operator's token.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.conftest import CONTRACT, RunningSandbox, launch_sandbox, without_operator
from tests.e2e.benches import copied_hook
from tests.runbooks.conftest import COMMAND, Guide, guide
from tests.site.browser import DESK, PATIENCE, launched
from tests.site.conftest import site

__all__ = ["guide", "site"]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("toolbar")]

CREDENTIALS = {credential.name for credential in CONTRACT.credentials}
# In milliseconds: a plan, or an apply, of all sections on a machine with much else to do.
LONG = 4 * PATIENCE
ALL = "section[aria-label='All sections, from this page']"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as started:
        yield started


@contextmanager
def serving(guide: Guide, site: Path, sandbox: RunningSandbox) -> Iterator[str]:
    """``deploybook serve`` where the addresses of the clouds are the sandbox's, and no credential is set; gives its first address."""
    addresses = {name: value for name, value in sandbox.exports.items() if name not in CREDENTIALS}
    environ = without_operator(os.environ) | addresses | {"DEPLOYBOOK_HOME": str(guide.root)}
    command = [COMMAND, "serve", "--port", "0", "--site", str(site)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().split()[-1]
        finally:
            server.terminate()


def fill(page: Page, sandbox: RunningSandbox) -> None:
    """Give everything that the page asks for, as the dashboards show it now."""
    values = sandbox.control.get("/exports").json() | {"git_repository": sandbox.exports["GITHUB_REPOSITORY"]}
    for field in page.locator(".ds-card input[name]").all():
        field.fill(values[str(field.get_attribute("name"))])


def confirm(page: Page) -> None:
    expect(page.get_by_role("heading", name="Apply this plan to production?")).to_be_visible(timeout=LONG)


def test_a_whole_deployment_without_a_terminal(browser: Browser, guide: Guide, site: Path) -> None:
    sandbox = launch_sandbox()
    # The operator's own choice, and all that the vault has: jobs are not waited for.
    assert guide.run("env", "set", "WORKER_POLL_INTERVAL_MS", typed="100\n").code == 0
    try:
        with serving(guide, site, sandbox) as address:
            # What turns while something runs is drawn sixty times a second, and the search indexes the guide on each page.
            context = browser.new_context(viewport=DESK, reduced_motion="reduce")
            context.route("**/workers/*", lambda route: route.fulfill(body="", content_type="text/javascript"))
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(address)
            page.goto(address.partition("?")[0] + "DEPLOY_PROD_CHECKLIST.html")
            deploy(page, sandbox)
            context.close()
    finally:
        sandbox.close()
    leaks = [path for path, text in guide.written().items() if sandbox.exports["VERCEL_TOKEN"] in text]
    assert leaks == []


def deploy(page: Page, sandbox: RunningSandbox) -> None:
    """What an operator does."""
    everything = page.locator(ALL)
    everything.get_by_role("button", name="Apply").click()
    # The vault is empty and no credential is set: all of it is asked for, and checked at the providers.
    expect(page.get_by_role("heading", name="inputs are missing")).to_be_visible()
    fill(page, sandbox)
    page.get_by_role("button", name="Check and go on").click()
    confirm(page)
    page.locator(".ds-card").get_by_role("button", name="Apply", exact=True).click()
    # Only a person can copy the deploy hook. The page is opened anew in the meantime, and the run is found again.
    expect(page.get_by_role("heading", name="Only you can copy RENDER_DEPLOY_HOOK_URL")).to_be_visible(timeout=LONG)
    page.reload()
    # In the meantime the organization's owner enforces single sign-on, and GitHub refuses the token.
    sandbox.control.post("/scenarios/ci-sso").raise_for_status()
    page.locator(".ds-card input").fill(copied_hook(sandbox.exports))
    page.get_by_role("button", name="Go on").click()
    failed = page.locator("section[aria-label='CI/CD with GitHub Actions, from this page']")
    failed.get_by_role("button", name="What to do: ci-sso").first.click(timeout=LONG)
    expect(page.locator("#ds-entry")).to_contain_text("Fix")
    expect(everything.locator(".ds-now")).to_contain_text("7 of 8 sections passed", timeout=LONG)
    # The token is authorized in GitHub's dashboard; then the section goes on from there.
    sandbox.control.post("/scenarios/ci-sso/by-hand").raise_for_status()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Apply CI/CD with GitHub Actions", exact=True).click()
    confirm(page)
    page.locator(".ds-card").get_by_role("button", name="Apply", exact=True).click()
    expect(failed.locator(".ds-now")).to_contain_text("Apply: passed", timeout=LONG)
    for slug in CONTRACT.order():
        title = CONTRACT.section(slug).title
        expect(page.locator(f"section[aria-label='{title}, from this page'] .ds-state")).to_have_text("✓ done")
    expect(page.locator("#step-end_to_end-verified")).to_be_checked()
    expect(page.locator("#db-tracking-message")).to_contain_text("0 wrong or missing")
