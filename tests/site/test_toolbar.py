"""The checklist as an operator works with it: names, environments, ticks, folding, paper, and the tracking of the variables."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from tests.site.browser import PHONE, Open
from tests.site.checklist import BUCKET, BY_HAND, BY_RUNBOOK, CHECKLIST, OVERALL, TOLD, page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("toolbar")]

__all__ = ["page"]


def enter(page: Page, **names: str) -> None:
    for name, value in names.items():
        page.fill(f"#name-{name.lower()}", value)


def tick(page: Page, box: str = BUCKET) -> None:
    # The theme lays a sign over the box.
    page.locator(f"label:has({box})").click()


def copy_for(page: Page, environment: str) -> None:
    page.get_by_role("button", name="Copy for another…").click()
    page.fill("#db-new", environment)
    page.keyboard.press("Enter")


def command(page: Page, text: str) -> str:
    block = page.locator("pre code", has_text=text).first.inner_text()
    return next(line.strip() for line in block.splitlines() if text in line)


# --- Two ways ------------------------------------------------------------------------------------------------------


def test_the_way_by_runbook_comes_first_and_shows_no_step_by_hand(open_page: Open) -> None:
    page = open_page(CHECKLIST)
    expect(page.locator(BY_RUNBOOK)).to_be_checked()
    expect(page.locator("#r2-or-run-it")).to_be_visible()
    expect(page.locator("#r2-steps")).to_be_hidden()
    expect(page.locator("#names")).to_be_hidden()


def test_the_chosen_way_is_kept_and_counts_its_own_boxes_alone(open_page: Open) -> None:
    page = open_page(CHECKLIST)
    expect(page.locator("#r2 + .db-progress")).to_contain_text("0 of 1 done")
    page.check(BY_HAND)
    expect(page.locator("#r2 + .db-progress")).to_contain_text("0 of 6 done")
    page.reload()
    expect(page.locator("#r2-steps")).to_be_visible()
    expect(page.locator("#r2-or-run-it")).to_be_hidden()


def test_a_link_into_the_other_way_switches_to_it_and_opens_its_folds(open_page: Open) -> None:
    page = open_page(f"{CHECKLIST}#r2-steps")
    expect(page.locator("#r2-steps")).to_be_visible()
    expect(page.locator(BY_HAND)).to_be_checked()


# What is left of A4 within the browser's own margins, in CSS pixels.
SHEET_WIDTH, SHEET_HEIGHT = 718, 1047
SHEETS = """() => {
  const bottom = document.querySelector(".md-content").getBoundingClientRect().bottom;
  const tops = [...document.querySelectorAll(".md-content h2")].filter((heading) => heading.checkVisibility());
  const edges = [...tops.map((heading) => heading.getBoundingClientRect().top), bottom];
  return Object.fromEntries(tops.map((heading, at) => [heading.id, edges[at + 1] - edges[at]]));
}"""


def test_no_sheet_of_a_section_is_almost_empty(open_page: Open) -> None:
    page = open_page(CHECKLIST)
    page.set_viewport_size({"width": SHEET_WIDTH, "height": SHEET_HEIGHT})
    page.emulate_media(media="print")
    heights = page.evaluate(SHEETS)
    last_sheets = {section: height % SHEET_HEIGHT / SHEET_HEIGHT for section, height in heights.items()}
    assert {section: part for section, part in last_sheets.items() if part < 0.1} == {}


MEASURED = """() => {
  const shown = [...document.querySelectorAll(".md-content pre")].filter((block) => block.checkVisibility());
  const words = document.querySelector(".md-content").innerText.split(/\\s+/).length;
  return [document.documentElement.scrollHeight / innerHeight, shown.length, words];
}"""


def test_the_whole_way_by_runbook_is_twelve_screens_and_twelve_pastes_at_most(open_page: Open) -> None:
    page = open_page(CHECKLIST)
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("#ci_cd + .db-progress")).to_be_visible()
    screens, pastes, words = page.evaluate(MEASURED)
    assert screens <= 12
    assert pastes <= 12
    assert words <= 2700


# --- Names ---------------------------------------------------------------------------------------------------------


def test_a_name_entered_once_stands_in_every_command_and_in_what_is_copied(page: Page) -> None:
    before = page.locator('var[data-name="BUCKET_NAME"]').count()
    assert before > 5
    enter(page, BUCKET_NAME="my-bucket")
    assert page.locator('var[data-name="BUCKET_NAME"]').all_inner_texts() == ["my-bucket"] * before
    block = page.locator(".highlight", has_text="wrangler r2 bucket create").first
    block.hover()
    block.get_by_role("button", name="Copy to clipboard").click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == "npx wrangler r2 bucket create my-bucket"


def test_deploybooks_own_commands_take_the_names_that_are_not_its_defaults(page: Page) -> None:
    assert command(page, "deploybook run r2 --mode apply") == "deploybook run r2 --mode apply"
    enter(page, BUCKET_NAME="my-bucket", TOKEN_NAME="studio-production-r2")
    assert command(page, "deploybook run r2 --mode apply") == "deploybook run r2 --mode apply -p bucket_name my-bucket"
    copy_for(page, "staging")
    text = command(page, "deploybook run r2 --mode apply")
    assert (
        text
        == "deploybook run r2 --mode apply --environment staging -p bucket_name my-bucket -p token_name studio-staging-r2"
    )


def test_a_shell_reads_a_name_as_it_was_entered_however_it_is_quoted(page: Page) -> None:
    paths = ["apps/the web", "it's here", 'a"b', "a$(touch x)b", "a`b`c", "a!b\\c", "a$HOME"]
    places = {"open": "{}", "double": '"{}"', "single": "'{}'"}
    added = "<var class='db-name' data-name='WEB_PATH' data-place='{}' id='quoted-{}'></var>"
    page.evaluate(
        "html => document.querySelector('h1').insertAdjacentHTML('afterend', html)",
        "".join(added.format(place, place) for place in places),
    )
    for path in paths:
        enter(page, WEB_PATH=path)
        for place, around in places.items():
            word = around.format(page.locator(f"#quoted-{place}").inner_text())
            read = subprocess.run(["/bin/sh", "-c", f"printf %s {word}"], capture_output=True, text=True, check=True)
            assert read.stdout == path, word


def test_a_place_in_the_guides_own_commands_is_quoted(page: Page) -> None:
    enter(page, WEB_PATH="apps/the web")
    block = page.locator('pre code:has(var[data-name="WEB_PATH"])').first.inner_text()
    assert any("apps/the web" in word for word in shlex.split(block, comments=True)), block


def test_a_name_that_the_provider_would_refuse_is_not_taken_and_says_what_is_allowed(page: Page) -> None:
    enter(page, BUCKET_NAME="My_Bucket")
    expect(page.locator("#name-bucket_name-problem")).to_contain_text("Not taken. The R2 bucket: 3 to 63 of a–z")
    assert page.locator("#name-bucket_name").get_attribute("aria-invalid") == "true"
    assert "<BUCKET_NAME>" in page.locator('var[data-name="BUCKET_NAME"]').first.inner_text()
    enter(page, BUCKET_NAME="my-bucket")
    expect(page.locator("#name-bucket_name-problem")).to_be_empty()


def test_the_defaults_can_be_taken_and_an_own_name_stays(page: Page) -> None:
    enter(page, BUCKET_NAME="my-bucket")
    page.get_by_role("button", name="Take the defaults").click()
    expect(page.locator("#name-database_name")).to_have_value("studio-production")
    expect(page.locator("#name-bucket_name")).to_have_value("my-bucket")
    expect(page.locator("#name-app_host")).to_have_value("")


def test_names_go_with_the_reader_to_the_other_pages(page: Page, open_page: Open) -> None:
    enter(page, BUCKET_NAME="my-bucket")
    other = open_page("troubleshooting.html", context=page.context)
    expect(other.locator("#db-whose")).to_have_text(
        "The commands use your names for production. Change them in the checklist."
    )
    assert set(other.locator('var[data-name="BUCKET_NAME"]').all_inner_texts()) == {"my-bucket"}
    other.get_by_role("link", name="Change them").click()
    other.wait_for_url("**/DEPLOY_PROD_CHECKLIST.html#names")


# --- Environments --------------------------------------------------------------------------------------------------


def test_each_environment_has_ticks_and_names_of_its_own(page: Page) -> None:
    enter(page, BUCKET_NAME="studio-production-media", GROUP_NAME="default", APP_HOST="studio.example.com")
    tick(page)
    copy_for(page, "staging")
    expect(page.locator(TOLD)).to_contain_text("You are at staging")
    expect(page.locator(TOLD)).to_contain_text("These are the same in both; check that they should be: GROUP_NAME")
    expect(page.locator("#name-bucket_name")).to_have_value("studio-staging-media")
    expect(page.locator("#name-database_name")).to_have_value("studio-staging")
    expect(page.locator("#name-app_host")).to_have_value("")
    expect(page.locator(BUCKET)).not_to_be_checked()
    page.select_option("#db-environment", "production")
    expect(page.locator(BUCKET)).to_be_checked()
    expect(page.locator("#name-bucket_name")).to_have_value("studio-production-media")


@pytest.mark.parametrize(
    ("name", "problem"), [("Staging!", "Not taken. Use a to z"), ("production", "There is production already")]
)
def test_an_environment_that_cannot_be_is_refused(page: Page, name: str, problem: str) -> None:
    copy_for(page, name)
    expect(page.locator("#db-new-problem")).to_contain_text(problem)
    assert page.locator("#db-environment option").all_inner_texts() == ["production"]


def test_an_environment_is_forgotten_only_when_asked_twice(page: Page) -> None:
    tick(page)
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Forget this one…").click()
    expect(page.locator(BUCKET)).to_be_checked()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Forget this one…").click()
    expect(page.locator(BUCKET)).not_to_be_checked()
    assert "step-r2" not in page.evaluate("JSON.stringify(localStorage)")


# --- Ticks ---------------------------------------------------------------------------------------------------------


def test_a_tick_is_kept_counted_and_seen_in_another_tab(page: Page, open_page: Open) -> None:
    other = open_page(CHECKLIST, context=page.context)
    tick(page)
    expect(page.locator(OVERALL)).to_contain_text("1 of ")
    expect(page.locator("#r2 + .db-progress")).to_contain_text("1 of 6 done")
    expect(page.locator('.md-sidebar--secondary a[href="#r2"] .db-count')).to_have_text("1/6")
    expect(other.locator(BUCKET)).to_be_checked()
    page.reload()
    expect(page.locator(BUCKET)).to_be_checked()


def test_a_tick_is_made_and_taken_back_by_the_keyboard(page: Page) -> None:
    page.focus(BUCKET)
    page.keyboard.press("Space")
    expect(page.locator(BUCKET)).to_be_checked()
    page.keyboard.press("Space")
    expect(page.locator(BUCKET)).not_to_be_checked()
    expect(page.locator(OVERALL)).to_contain_text("0 of ")


def test_what_is_done_is_folded_away_and_comes_back(page: Page) -> None:
    page.check("#db-collapse")
    tick(page)
    body = page.locator("#db-body-step-r2-create-the-bucket")
    expect(body).to_be_hidden()
    page.get_by_role("button", name="Show Create the bucket").click()
    expect(body).to_be_visible()
    page.get_by_role("button", name="Hide Create the bucket").click()
    page.uncheck("#db-collapse")
    expect(body).to_be_visible()


def test_a_section_that_is_done_is_one_line_and_a_link_into_it_opens_it(page: Page) -> None:
    page.check("#db-collapse")
    for box in page.locator("#db-section-webhook_secret .task-list-item input").all():
        box.evaluate("box => box.click()")
    expect(page.locator("#webhook_secret + .db-progress")).to_contain_text("4 of 4 done")
    expect(page.locator("#webhook_secret-verify")).to_be_hidden()
    page.evaluate("location.hash = '#webhook_secret-verify'")
    expect(page.locator("#webhook_secret-verify")).to_be_visible()


def test_all_of_it_ticked_is_all_of_it_done(page: Page) -> None:
    boxes = "[...document.querySelectorAll('.task-list-item input, .db-box')].filter(box => !box.closest('.db-way-runbook'))"
    count = page.evaluate(f"{boxes}.forEach(box => box.click()), {boxes}.length")
    expect(page.locator(OVERALL)).to_have_text(f"{count} of {count} done in production")


def test_paper_has_every_step_with_its_box_and_nothing_to_press(page: Page) -> None:
    page.check("#db-collapse")
    tick(page)
    page.emulate_media(media="print")
    expect(page.locator("#db-body-step-r2-create-the-bucket")).to_be_visible()
    expect(page.locator("#db-toolbar")).to_be_hidden()
    expect(page.get_by_role("button", name="Show Create the bucket")).to_be_hidden()
    sign = "getComputedStyle(document.querySelector('{} + span'), '{}').{}"
    assert page.evaluate(sign.format(BUCKET, "::after", "content")) == '"✓"'
    assert page.evaluate(sign.format("#step-r2-hand-over", "::before", "borderTopWidth")) != "0px"
    assert page.pdf()[:5] == b"%PDF-"


# Of an A4 sheet, in CSS pixels, with the margins of the style sheet's @page rule: 210 mm less two of 12.
SHEET = ViewportSize(width=703, height=1030)
CUT = """() => [...document.querySelectorAll(".md-content :is(table, td, th, pre, img, svg, input)")]
  .filter((part) => part.checkVisibility())
  .filter((part) => part.getBoundingClientRect().right > innerWidth + 1
    || ["TD", "TH", "PRE", "INPUT"].includes(part.tagName) && part.scrollWidth > part.clientWidth + 1)
  .map((part) => `${part.tagName} ${part.value || part.innerText}`)"""


@pytest.mark.parametrize("way", [BY_RUNBOOK, BY_HAND])
def test_paper_loses_no_column_and_has_what_is_folded_on_the_screen(open_page: Open, way: str) -> None:
    page = open_page(CHECKLIST)
    page.check(way)
    page.emulate_media(media="print")
    page.set_viewport_size(SHEET)
    assert page.evaluate(CUT) == []
    expect(page.get_by_text("Two tokens of one name:")).to_be_visible()
    margins = "[...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).filter((rule) => rule instanceof CSSPageRule)"
    assert page.evaluate(f"{margins}.at(-1).style.margin") == "12mm"
    breaks = "[...document.querySelectorAll('.md-content h2')].map((heading) => getComputedStyle(heading).breakBefore)"
    assert set(page.evaluate(breaks)[1:]) == {"page"}
    assert page.evaluate(breaks)[0] == "auto"


@pytest.mark.parametrize(
    "path", ["architecture.html", "reference/variables.html", "reference/checks.html", "runbooks/r2.html"]
)
def test_paper_loses_no_column_of_another_page(open_page: Open, path: str) -> None:
    page = open_page(path)
    page.emulate_media(media="print")
    page.set_viewport_size(SHEET)
    assert page.evaluate(CUT) == []


def test_without_scripts_the_checklist_is_a_page_to_read(open_page: Open) -> None:
    page = open_page(CHECKLIST, scripts=False)
    expect(page.locator("#db-toolbar")).to_be_hidden()
    expect(page.locator("#name-bucket_name")).to_be_hidden()
    expect(page.locator("#r2-steps")).to_be_visible()
    expect(page.locator("#r2-or-run-it")).to_be_visible()
    assert "<BUCKET_NAME>" in command(page, "wrangler r2 bucket create")


def test_a_browser_that_keeps_nothing_says_so_and_the_page_works(page: Page) -> None:
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }")
    page.reload()
    expect(page.locator(TOLD)).to_contain_text("This browser keeps nothing")
    page.check(BY_HAND)
    tick(page)
    expect(page.locator(OVERALL)).to_contain_text("1 of ")


def test_on_a_phone_the_desk_fits_and_works(open_page: Open) -> None:
    page = open_page(CHECKLIST, phone=True)
    page.check(BY_HAND)
    tick(page)
    expect(page.locator(OVERALL)).to_contain_text("1 of ")
    copy_for(page, "staging")
    box = page.locator("#db-toolbar").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
