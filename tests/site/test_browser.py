"""Every published page in a real browser: at three widths, in light and dark, and what each of them offers."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from tests.conftest import ROOT
from tests.site.browser import DESK, PHONE, TABLET, Open
from tests.site.pasted_messages import search

from deploybook.contract.model import load_contract
from deploybook.layout import Layout
from deploybook.site.other_notebooks import NOTEBOOKS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SLUGS = load_contract(Layout(ROOT).contract).order()
DOCS = ROOT / "docs"
WRITTEN = [path.relative_to(DOCS).with_suffix("") for path in DOCS.rglob("*.md") if path.parent.name != "sections"]
PAGES = sorted({*map(str, WRITTEN), *(f"runbooks/{slug}" for slug in (*SLUGS, *NOTEBOOKS))})


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_every_screen_and_axe_finds_nothing_serious(open_page: Open, path: str) -> None:
    page = open_page(f"{path}.html")
    assert _scheme(page) == "default"
    wide = [
        size["width"] for size in (PHONE, TABLET, DESK) if _width(page, size) > size["width"] or page.evaluate(WIDE)
    ]
    serious = _serious(page)
    page.get_by_title("Use the dark colours").click()
    page.set_viewport_size(PHONE)
    assert _scheme(page) == "slate"
    assert wide == []
    assert serious == []
    assert _serious(page, *OF_COLOURS) == []


# What another palette, or a phone's width, may break; the other rules are about the same elements as before.
OF_COLOURS = ("color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size")
# The headings of tables that are wider than their frame or reach beyond the screen.
WIDE = """() => [...document.querySelectorAll(".md-content table")]
  .filter((table) => table.checkVisibility())
  .filter((table) => table.scrollWidth > table.parentElement.clientWidth + 1
    || table.getBoundingClientRect().right > innerWidth + 1)
  .map((table) => table.rows[0].innerText)"""


def _width(page: Page, size: object) -> int:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    return int(page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"))


def _scheme(page: Page) -> str:
    return str(page.evaluate("document.body.getAttribute('data-md-color-scheme')"))


def _serious(page: Page, *rules: str) -> list[str]:
    """What axe finds by these rules, or by all, and its users could not go on from."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": {"type": "rule", "values": rules}} if rules else {})
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for violation in Axe().run(page, options=options).response["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


def test_the_palette_follows_the_system(open_page: Open) -> None:
    assert _scheme(open_page("index.html", dark=True)) == "slate"


def test_search_finds_a_variable(open_page: Open) -> None:
    page = open_page("index.html", search=True)
    _search(page, "R2_SECRET_ACCESS_KEY")


def test_a_guide_opened_from_a_file_can_be_searched_and_its_links_lead_on(open_page: Open, site: Path) -> None:
    page = open_page("index.html", search=True).context.new_page()
    page.goto((site / "index.html").as_uri())
    _search(page, "R2_SECRET_ACCESS_KEY")
    [links] = search(page, ["error: Another run is changing production."])
    assert "troubleshooting.html#" in links[0], links
    page.keyboard.press("Escape")
    page.locator(".md-nav--primary").get_by_role("link", name="The checklist").click()
    page.wait_for_url("**/DEPLOY_PROD_CHECKLIST.html")
    assert page.locator("h1").inner_text().startswith("Production deploy checklist")


def _search(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Search").click()
    page.keyboard.type(text)
    page.locator(".md-search-result__link").first.wait_for()
    assert text in page.locator(".md-search-result__list").inner_text()


def test_a_command_is_copied_as_it_stands(open_page: Open) -> None:
    page = open_page("runbooks/r2.html")
    block = page.locator(".highlight", has_text="papermill runbooks/r2.ipynb")
    block.hover()
    block.get_by_role("button", name="Copy to clipboard").click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == "papermill runbooks/r2.ipynb build/r2.ipynb"


def test_the_outcome_of_a_line_is_said_without_colour(open_page: Open) -> None:
    page = open_page("runbooks/r2.html")
    failed = page.locator(".db-line.db-failed")
    assert failed.locator(".db-sign").inner_text() == "✗"
    assert failed.get_by_role("img", name="failed").count() == 1
    assert failed.get_by_role("link", name="cors").count() == 1


def test_the_link_beside_a_failure_leads_to_its_entry(open_page: Open) -> None:
    page = open_page("runbooks/r2.html")
    page.locator(".db-line.db-failed a.db-entry").click()
    page.wait_for_url("**/troubleshooting.html#cors")
    assert page.locator("#cors").is_visible()


def test_the_slug_of_each_section_is_an_anchor_of_the_checklist(open_page: Open) -> None:
    page = open_page("DEPLOY_PROD_CHECKLIST.html")
    assert [page.locator(f"h2#{slug}").count() for slug in SLUGS] == [1] * len(SLUGS)
