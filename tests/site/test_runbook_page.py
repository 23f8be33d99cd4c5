from __future__ import annotations

from typing import TYPE_CHECKING

from deploybook.runbook.events import Event
from deploybook.site.runbook_page import runbook_page

if TYPE_CHECKING:
    from tests.site.conftest import Checkout


def test_before_the_first_run_the_runbook_itself_is_shown(checkout: Checkout) -> None:
    page = runbook_page(checkout.guide(), "r2", str)
    assert "Not yet run" in page
    assert "## Create the bucket" in page
    assert "bucket = rb.ensure(" in page
    assert "db-output" not in page


def test_the_executed_copy_is_shown_with_what_it_printed(checkout: Checkout) -> None:
    checkout.ran("r2", {"bucket": [Event("resource", "create", "R2 bucket studio-production")]})
    page = runbook_page(checkout.guide(), "r2", str)
    assert page.index("bucket = rb.ensure(") < page.index("R2 bucket studio-production</span>")
    assert "**Verified**" in page


def test_a_cell_that_took_its_time_says_how_long(checkout: Checkout) -> None:
    assert "took" not in runbook_page(checkout.guide(), "r2", str)
    checkout.ran("r2", {"bucket": [Event("resource", "create", "R2 bucket studio-production")]})
    page = runbook_page(checkout.guide(), "r2", str)
    assert page.count("took 1.2 s</p>") == page.count("db-took") == 1
    assert page.index("R2 bucket studio-production</span>") < page.index("took 1.2 s")


def test_the_injected_parameters_are_hidden_and_the_declared_ones_are_a_table(checkout: Checkout) -> None:
    checkout.ran("r2", {})
    page = runbook_page(checkout.guide(), "r2", str)
    assert "injected" not in page
    assert "mode: str" not in page
    assert "| `bucket_name` | `studio-<ENVIRONMENT>` | `[a-z0-9][a-z0-9-]{1,61}[a-z0-9]` |" in page
    assert '| `location` | `""` | empty, `apac`,' in page
    assert "| `rotate` | `false` | `true`, `false` |" in page


def test_it_says_how_to_run_it_in_every_way_and_links_to_its_section(checkout: Checkout) -> None:
    page = runbook_page(checkout.guide(), "r2", str)
    for command in (
        "deploybook run r2 --mode apply",
        "papermill runbooks/r2.ipynb build/r2.ipynb",
        "jupyter lab build/lab-r2.ipynb",
        "deploybook run r2 --mode destroy",
    ):
        assert f"\n{command}\n" in page
    assert "](../DEPLOY_PROD_CHECKLIST.md#r2)" in page
    assert "](r2.ipynb)" in page
    assert "](r2.ipynb.txt)" in page
    assert "](#jupyterlab)" in page
    assert "{ #jupyterlab }" in page


def test_it_says_what_the_latest_dry_run_changed_and_what_goes_into_the_vault(checkout: Checkout) -> None:
    assert "Its resources are told here after its first dry run." in runbook_page(checkout.guide(), "r2", str)
    checkout.ran("r2", {"bucket": [Event("resource", "create", "R2 bucket a_b"), Event("record", "recorded", "X")]})
    page = runbook_page(checkout.guide(), "r2", str)
    assert "Into the vault it records `R2_ACCOUNT_ID`, `R2_ACCESS_KEY_ID`," in page
    assert "| +&nbsp;create | R2 bucket a\\_b | `bucket` |" in page
    assert page.count("| +&nbsp;create |") == 1
    assert "| X |" not in page


def test_a_run_that_changed_no_resource_says_so(checkout: Checkout) -> None:
    checkout.ran("end_to_end", {"clean_up": [Event("check", "passed", "it holds")]})
    page = runbook_page(checkout.guide(), "end_to_end", str)
    assert "It records no variable." in page
    assert "made and changed no resource." in page


def test_it_says_how_to_undo_it_in_the_words_of_its_section(checkout: Checkout) -> None:
    checkout.own("docs")
    text = checkout.root / "docs" / "sections" / "r2.md"
    before, _, rest = text.read_text(encoding="utf-8").partition("## Undo\n")
    changed = f"{before}## Undo\n\nAs [here](../troubleshooting.md#cors) and [there](#steps).\n\n## If it fails\n"
    text.write_text(changed, encoding="utf-8")
    page = runbook_page(checkout.guide(), "r2", str)
    undo = page.partition("## Undo it\n")[2].partition("\n## ")[0].strip()
    assert undo == "As [here](../troubleshooting.md#cors) and [there](../DEPLOY_PROD_CHECKLIST.md#r2-steps)."
    text.write_text(before + rest.partition("## If it fails")[2], encoding="utf-8")
    undo = runbook_page(checkout.guide(), "r2", str).partition("## Undo it\n")[2].partition("\n## ")[0]
    assert "deploybook run r2 --mode destroy" in undo
