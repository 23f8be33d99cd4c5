"""The serving page in a browser: the run is pretended, the guide and the server are the real ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.serve.conftest import Served
from tests.site.browser import DESK, PATIENCE, PHONE, launched
from tests.site.conftest import site
from tests.site.test_browser import _serious as serious

from deploybook.errors import ConfigurationError

# Fixtures of every test below: this guide is the one that mkdocs builds.
__all__ = ["site"]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("toolbar")]

CHECKLIST = "/DEPLOY_PROD_CHECKLIST.html"
MARKUP = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
PANEL = "section[aria-label='Cloudflare R2, from this page']"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as started:
        yield started


def said(kind: str, **data: Any) -> dict[str, Any]:
    return {"do": "say", "line": {"kind": kind, **data}}


def event(outcome: str, subject: str, detail: str = "", entry: str = "", step: str = "check") -> dict[str, Any]:
    return {"step": step, "outcome": outcome, "subject": subject, "detail": detail, "entry": entry, "fields": {}}


def cell(name: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    about = {"section": "r2", "cell": name}
    lines = [said("event", **about, event=each) for each in events]
    return [said("cell_started", **about), *lines, said("cell_done", **about, seconds=1.0, events=list(events))]


def begun(mode: str) -> list[dict[str, Any]]:
    return [
        said("run_started", mode=mode, environment="production", sections=["r2"], pid=1),
        said("section_started", section="r2"),
    ]


def done(status: str = "passed", error: dict[str, str] | None = None) -> dict[str, Any]:
    return said("section_done", section="r2", status=status, seconds=2.0, error=error)


APPLIED = [
    *begun("apply"),
    *cell("preflight", event("passed", "the operator's token is active", step="preflight")),
    *cell("bucket", event("create", "R2 bucket studio-production", step="resource")),
]


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """The checklist, let in by the terminal's address; at the end the test fails for an error of a page's script."""
    context = browser.new_context(
        viewport=DESK, reduced_motion="reduce", permissions=["clipboard-read", "clipboard-write"]
    )
    context.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    context.route("**/workers/*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page = context.new_page()
    page.goto(served.addresses[-1])
    page.goto(served.origin + CHECKLIST)
    expect(page.locator(PANEL)).to_be_visible()
    yield page
    context.close()
    assert wrong == []


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_step_shows_its_lines_and_ticks_itself_and_a_reload_finds_the_run_again(page: Page, served: Served) -> None:
    served.script(*APPLIED, {"do": "wait"})
    press(page, "Apply Cloudflare R2")
    steps = page.locator(f"{PANEL} .ds-step")
    for _ in range(2):
        made = steps.filter(has_text="Create the bucket")
        expect(made).to_contain_text("+ created R2 bucket studio-production")
        expect(made.get_by_role("img", name="passed").first).to_be_visible()
        expect(steps.filter(has_text="Create a token").get_by_role("img", name="waiting").first).to_be_visible()
        expect(page.locator("#step-r2-create-the-bucket")).to_be_checked()
        expect(page.locator("#step-r2-create-a-token-for-this-bucket-only")).not_to_be_checked()
        page.reload()
    press(page, "Stop")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    expect(page.get_by_role("button", name="Apply Cloudflare R2")).to_be_enabled()


def test_apply_shows_the_plan_and_changes_nothing_without_a_yes(page: Page, served: Served) -> None:
    plan = said("plan", environment="production", lines=["r2", "  + create    R2 bucket", "1 to create"], changes=[])
    ask = {"do": "ask", "line": {"question": 1, "ask": "apply", "environment": "production", "sections": ["r2"]}}
    served.script(*begun("plan"), done(), plan, ask, {"do": "end", "code": 130})
    press(page, "Apply Cloudflare R2")
    expect(page.get_by_role("heading", name="Apply this plan to production?")).to_be_focused()
    expect(page.locator(".ds-plan")).to_contain_text("+ create    R2 bucket")
    press(page, "Change nothing")
    expect(page.locator(".ds-card")).to_have_count(0)
    expect(page.get_by_role("button", name="Apply Cloudflare R2")).to_be_enabled()
    assert served.answers() == [{"answer": False}]


def test_what_was_asked_before_a_page_was_opened_is_drawn_when_all_of_it_was_read(page: Page, served: Served) -> None:
    about = {"environment": "production", "sections": ["r2"], "removals": ["  - R2 bucket studio-production"]}
    served.script({"do": "ask", "line": {"question": 1, "ask": "destroy", **about}}, {"do": "end", "code": 130})
    press(page, "Destroy… Cloudflare R2")
    form = page.locator(".ds-card")
    expect(form).to_be_visible()
    feed = served.origin + "/-/feed"
    cookies = {str(cookie.get("name")): str(cookie.get("value")) for cookie in page.context.cookies()}
    headers = {"Host": served.host, "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    address = f"http://127.0.0.1:{served.port}/-/feed"
    with httpx.stream("GET", address, headers=headers, trust_env=False) as answer:
        lines = takewhile(lambda line: line != "event: caught-up", answer.iter_lines())
        cut_off = "\n".join(lines) + "\n"
    assert "question" in cut_off
    page.route(feed, lambda route: route.fulfill(body=cut_off, content_type="text/event-stream"))
    page.reload()
    expect(page.get_by_text("deploybook serve does not answer").first).to_be_visible()
    expect(form).to_have_count(0)
    # The connection is taken up again where it broke, and nothing new comes: all has been read.
    page.unroute(feed)
    expect(form).to_be_visible()
    press(page, "Destroy nothing")


def test_destroy_goes_by_the_name_that_is_typed(page: Page, served: Served) -> None:
    about = {"environment": "production", "sections": ["r2"], "removals": ["  - R2 bucket studio-production"]}
    served.script({"do": "ask", "line": {"question": 1, "ask": "destroy", **about}}, *begun("destroy"), done())
    press(page, "Destroy… Cloudflare R2")
    form = page.locator(".ds-card")
    expect(form).to_contain_text("R2 bucket studio-production")
    form.get_by_role("textbox").fill("prod")
    press(page, "Destroy")
    expect(form).to_contain_text("Type production, as it stands in the question.")
    form.get_by_role("textbox").fill("production")
    press(page, "Destroy")
    expect(page.locator(f"{PANEL} .ds-now")).to_contain_text("Destroy: passed")
    assert served.answers() == [{"answer": "production"}]


def test_a_failed_line_opens_its_entry_beside_it_with_the_fix_ready(page: Page, served: Served) -> None:
    failed = event("failed", "the operator's token is active", "Cloudflare: 401", "credential-refused", "preflight")
    error = {"message": "Cloudflare refused the token.", "hint": "Make another.", "entry": "credential-refused"}
    served.script(*begun("verify"), *cell("preflight", failed), done("failed", error))
    press(page, "Verify Cloudflare R2")
    line = page.locator(f"{PANEL} .ds-line")
    expect(line).to_contain_text("Cloudflare: 401")
    expect(page.locator(f"{PANEL} .ds-error")).to_contain_text("Cloudflare refused the token.")
    fix = ["deploybook run r2 --mode plan", "deploybook run r2 --mode apply -p bucket_name <BUCKET_NAME>"]
    served.script({"do": "say", "line": {"fix": fix, "with": {}}})
    line.get_by_role("button", name="What to do").click()
    beside = page.get_by_role("complementary").filter(has=page.locator("#ds-entry-title"))
    expect(beside).to_contain_text("The fix, for production")
    expect(beside.locator(".ds-command").first).to_contain_text("deploybook run r2 --mode plan")
    expect(beside).to_contain_text("Check")
    # What the server does not know is the operator's to fill in.
    expect(beside.get_by_role("button", name="Run it here")).to_have_count(1)
    served.script(*begun("plan"), done())
    beside.get_by_role("button", name="Run it here").click()
    expect(page.locator(f"{PANEL} .ds-now")).to_contain_text("Plan: passed")


def test_what_a_provider_says_is_text_and_runs_nothing(page: Page, served: Served) -> None:
    error = {"message": MARKUP, "hint": MARKUP, "entry": ""}
    failure = event("failed", MARKUP, f"\x1b[2J{MARKUP}")
    served.script(*begun("verify"), *cell("preflight", failure), done("failed", error), said("outcome", lines=[MARKUP]))
    press(page, "Verify Cloudflare R2")
    expect(page.locator(f"{PANEL} .ds-line")).to_contain_text(MARKUP)
    expect(page.locator(f"{PANEL} .ds-error")).to_contain_text(MARKUP)
    assert page.locator(f"{PANEL} :is(img[src], script)").count() == 0
    assert "owned" not in page.title()


def test_no_script_that_came_into_a_page_is_executed(page: Page) -> None:
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=/none.png onerror=\"document.title=\\'owned\\'\">')"
    )
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: \"document.title='owned'\"}))"
    )
    expect(page.locator("img[src='/none.png']")).to_have_js_property("complete", True)
    assert "owned" not in page.title()


def test_what_is_missing_is_asked_for_with_a_masked_field_and_leaves_nothing_behind(page: Page, served: Served) -> None:
    secret, account = "cfat_0123456789abcdef0123456789abcdef0123", "0123456789abcdef0123456789abcdef"
    problems = [
        {"name": name, "kind": 0, "line": f"{name} is not set.", "source": "Cloudflare"}
        for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID")
    ]
    refused = said("refused", message="2 inputs are missing", hint="", entry="variable-missing", exit_code=2)
    served.script(said("missing", problems=problems), refused, {"do": "end", "code": 2})
    press(page, "Plan Cloudflare R2")
    form = page.locator(".ds-card")
    token = form.get_by_label("CLOUDFLARE_API_TOKEN")
    expect(token).to_have_attribute("type", "password")
    expect(form).to_contain_text("Workers R2 Storage · Edit")
    token.fill("two words")
    press(page, "Check and go on")
    expect(page.get_by_text("CLOUDFLARE_API_TOKEN contains white space.")).to_be_visible()
    token.fill(secret)
    form.get_by_label("CLOUDFLARE_ACCOUNT_ID").fill(account)
    served.script(said("providers"), *begun("plan"), done())
    press(page, "Check and go on")
    expect(page.locator(f"{PANEL} .ds-now")).to_contain_text("Plan: passed")
    assert served.told()["environ"]["CLOUDFLARE_API_TOKEN"] == secret
    places = (
        "{...localStorage}, {...sessionStorage}, document.documentElement.outerHTML, document.cookie, location.href"
    )
    kept = page.evaluate(f"JSON.stringify([{places}])")
    assert secret not in kept
    assert "deploybook_session" not in kept


def test_a_credential_is_given_and_checked_without_a_run(page: Page, served: Served) -> None:
    page.locator(".ds-inputs > summary").click()
    press(page, "Give it: RENDER_API_KEY")
    field = page.get_by_role("textbox", name="RENDER_API_KEY")
    refused = {"credentials": ["RENDER_API_KEY"], "refused": "Render refuses the key.", "hint": "Make another."}
    for answer in ([refused], []):
        field.fill("rnd_0123456789abcdef")
        served.script({"do": "say", "line": {"providers": answer}})
        press(page, "Check")
        if answer:
            expect(page.get_by_text("Render refuses the key. Make another.")).to_be_visible()
    expect(page.get_by_role("button", name="Give another: RENDER_API_KEY")).to_be_visible()


def test_a_runbook_opens_in_jupyterlab_in_a_tab_of_its_own_and_says_why_not(
    page: Page, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    jupyter = served.workshop.jupyter

    async def ticket(path: str) -> str:
        jupyter._tickets["once"] = f"{served.origin}/troubleshooting.html?notebook={path}"
        return "once"

    async def refused(path: str) -> str:
        raise ConfigurationError("JupyterLab did not start.", f"Run jupyter lab {path} in a terminal: it says why.")

    page.goto(f"{served.origin}/runbooks/r2.html")
    monkeypatch.setattr(jupyter, "ticket", ticket)
    with page.context.expect_page() as opened:
        press(page, "Open in JupyterLab")
    opened.value.wait_for_url("**/troubleshooting.html?notebook=build/r2-*.ipynb")
    assert opened.value.evaluate("window.opener") is None
    monkeypatch.setattr(jupyter, "ticket", refused)
    press(page, "Open in JupyterLab")
    expect(page.get_by_text(re.compile(r"Run jupyter lab build/r2-[0-9a-f]{8}\.ipynb in a terminal"))).to_be_visible()
    expect(page.get_by_role("button", name="Open in JupyterLab")).to_be_enabled()


def test_the_keyboard_alone_does_a_section(page: Page, served: Served) -> None:
    plan = said("plan", environment="production", lines=["r2", "  + create    R2 bucket", "1 to create"], changes=[])
    ask = {"do": "ask", "line": {"question": 1, "ask": "apply", "environment": "production", "sections": ["r2"]}}
    served.script(*begun("plan"), done(), plan, ask, *APPLIED, done(), said("outcome", lines=["next: verify"]))
    page.locator("h2#r2 a").focus()
    for name in ("Dry run", "Plan", "Apply"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=f"{name} Cloudflare R2", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Apply this plan to production?")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".ds-plan")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(f"{PANEL} .ds-now")).to_contain_text("Apply: passed")
    assert served.answers() == [{"answer": True}]


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "default"), (PHONE, "slate")], ids=["desk", "phone"])
def test_a_live_page_has_nothing_that_keeps_a_reader_out_and_fits(
    page: Page, served: Served, size: Any, scheme: str
) -> None:
    page.set_viewport_size(size)
    if scheme == "slate":
        page.get_by_title("Use the dark colours").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", scheme)
    about = {"name": "RENDER_DEPLOY_HOOK_URL", "description": "It deploys.", "where": "Render", "secret": True}
    hook = {"question": 1, "ask": "value", **about}
    failed = event("failed", "a presigned PUT is accepted", "x" * 200, "cors")
    served.script(*APPLIED, *cell("verify", failed), {"do": "ask", "line": hook})
    press(page, "Apply Cloudflare R2")
    expect(page.get_by_label("RENDER_DEPLOY_HOOK_URL", exact=True)).to_be_visible()
    served.script({"do": "say", "line": {"fix": ["deploybook run r2 --mode apply"], "with": {}}})
    page.locator(f"{PANEL} .ds-line").get_by_role("button", name="What to do").click()
    expect(page.locator("#ds-entry .ds-command").first).to_be_visible()
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.keyboard.press("Escape")
    press(page, "Leave it for later")
    expect(page.get_by_role("button", name="Apply Cloudflare R2")).to_be_enabled()
