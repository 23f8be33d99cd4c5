"""The table of the variables to track: what the clouds say of each, taken over, kept and saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.site.checklist import page

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("toolbar")]

__all__ = ["page"]


def status(environment: str = "production", **consumers: str) -> dict[str, object]:
    return {
        "environment": environment,
        "variables": [
            {"name": "R2_BUCKET_NAME", "vault": True, "consumers": consumers, "details": {"vercel": "canary-8f3a"}},
            {"name": "NOT_OURS", "vault": True, "consumers": {}},
        ],
    }


def status_of(page: Page, place: str, variable: str = "R2_BUCKET_NAME") -> tuple[bool, str]:
    box = page.locator(f'input[data-variable="{variable}"][data-place="{place}"]')
    return box.is_checked(), box.locator("xpath=..").locator(".db-status").inner_text().strip()


def paste(page: Page, text: str) -> str:
    if page.locator("#db-pasting").is_hidden():
        page.get_by_role("button", name="Paste").click()
    page.fill("#db-pasted", text)
    page.get_by_role("button", name="Take it over").click()
    return page.locator("#db-tracking-message").inner_text()


def test_what_the_clouds_say_is_taken_over_from_a_file(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    path.write_text(json.dumps(status(vercel="equal", render="differs")), encoding="utf-8")
    page.set_input_files("#db-file", path)
    expect(page.locator("#db-tracking-message")).to_have_text(
        "Taken from status.json: 2 set, 1 wrong or missing, 0 not known. Not in this guide, left out: 1."
    )
    assert status_of(page, "vault") == (True, "")
    assert status_of(page, "vercel") == (True, "")
    assert status_of(page, "render") == (False, "✗ differs")
    # Only words that the page knows are kept.
    assert "canary-8f3a" not in page.evaluate("JSON.stringify(localStorage)")


def test_a_file_is_dropped_anywhere_on_the_page(page: Page) -> None:
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.items.add(new File([text], "dropped.json"));
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        json.dumps(status(vercel="missing")),
    )
    expect(page.locator("#db-tracking-message")).to_contain_text("Taken from dropped.json: 1 set, 1 wrong or missing")
    assert status_of(page, "vercel") == (False, "✗ missing")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("not json", "it is not JSON."),
        ('{"a": 1}', "it is not what deploybook env status --json prints."),
        (
            '{"variables": [{"name": "R2_BUCKET_NAME", "consumers": ["vercel"]}]}',
            "it is not what deploybook env status",
        ),
        (json.dumps(status("staging", vercel="equal")), "it is about staging, and you are at production."),
        (
            json.dumps(status(vercel="canary-8f3a")),
            "R2_BUCKET_NAME at vercel has a state that this page does not know.",
        ),
    ],
)
def test_what_is_no_status_is_refused_and_nothing_of_it_kept(page: Page, text: str, problem: str) -> None:
    assert problem in paste(page, text)
    assert status_of(page, "vault") == (False, "")
    assert "canary-8f3a" not in page.evaluate("JSON.stringify(localStorage)")


def test_a_place_that_was_not_asked_leaves_a_tick_made_by_hand(page: Page) -> None:
    page.check('input[data-variable="R2_BUCKET_NAME"][data-place="vercel"]')
    paste(page, json.dumps(status(vercel="not asked", render="not asked")))
    assert status_of(page, "vercel") == (True, "")
    assert status_of(page, "render") == (False, "? not asked")


def test_what_is_saved_can_be_taken_over_again(page: Page) -> None:
    page.check('input[data-variable="TURSO_DATABASE_URL"][data-place="render"]')
    paste(page, json.dumps(status(vercel="equal", render="differs")))
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save as JSON").click()
    assert saving.value.suggested_filename == "variables-production.json"
    saved = saving.value.path().read_text(encoding="utf-8")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Forget this one…").click()
    assert status_of(page, "vercel") == (False, "")
    assert "Taken from what was pasted: 3 set, 1 wrong" in paste(page, saved)
    assert status_of(page, "render", "TURSO_DATABASE_URL") == (True, "")
    assert status_of(page, "render") == (False, "✗ differs")


def test_the_table_is_saved_as_csv_with_a_row_for_each_place(page: Page) -> None:
    paste(page, json.dumps(status(vercel="equal")))
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save as CSV").click()
    rows = saving.value.path().read_text(encoding="utf-8").splitlines()
    assert rows[0] == "variable,place,secret,state"
    assert "R2_BUCKET_NAME,vercel,no,equal" in rows
    assert "R2_SECRET_ACCESS_KEY,render,yes,not set" in rows
    assert len(rows) == 1 + page.locator("input[data-variable]").count()


def test_only_what_is_left_is_shown(page: Page) -> None:
    row = page.locator("tr", has=page.locator('input[data-variable="AWS_ACCESS_KEY_ID"]'))
    page.check('input[data-variable="AWS_ACCESS_KEY_ID"][data-place="modal:r2-credentials"]')
    page.check("#db-left")
    expect(row).to_be_hidden()
    page.uncheck("#db-left")
    expect(row).to_be_visible()


def test_no_field_asks_for_a_secret(page: Page) -> None:
    assert page.locator('input[type="password"]').count() == 0
    secret = page.evaluate(
        "[...document.querySelectorAll('.md-content tr')].filter(row => row.cells[4]?.textContent.trim() === 'yes')"
        ".map(row => row.cells[0].querySelector('code').textContent.trim())"
    )
    assert len(secret) > 5
    assert [name for name in secret if page.locator(f"#name-{name.lower()}").count()] == []
