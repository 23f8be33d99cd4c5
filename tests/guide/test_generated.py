from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest
from tests.checks.trees import GENERATOR

from deploybook.errors import DocsError
from deploybook.site.cli_reference import cli_reference

if TYPE_CHECKING:
    from tests.site.conftest import Checkout

PATH = "docs/page.md"


def test_a_block_is_filled_and_its_marks_go(checkout: Checkout) -> None:
    text = "before\n\n<!-- generated: exit-codes -->\noutdated\n<!-- /generated -->\n\nafter\n"
    page = GENERATOR.published(text, checkout.guide(), PATH)
    assert "| 130 | Stopped by Ctrl-C" in page
    assert "outdated" not in page
    assert "generated" not in page
    assert page.startswith("before\n")
    assert page.endswith("after\n")


def test_the_source_keeps_its_marks_and_is_stable(checkout: Checkout) -> None:
    text = "<!-- generated: verified r2 -->\nold\n<!-- /generated -->\n"
    once = GENERATOR.refreshed(text, checkout.guide(), PATH)
    assert once.startswith("<!-- generated: verified r2 -->\n\n_The published page shows")
    assert GENERATOR.refreshed(once, checkout.guide(), PATH) == once


def test_links_in_a_block_are_relative_to_the_file_that_holds_it(checkout: Checkout) -> None:
    text = "<!-- generated: section-head r2 -->\n<!-- /generated -->\n"
    assert "](../reference/variables.md#r2_account_id)" in GENERATOR.refreshed(
        text, checkout.guide(), "docs/sections/r2.md"
    )
    assert "](variables.md#r2_account_id)" in GENERATOR.refreshed(text, checkout.guide(), "docs/reference/x.md")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\n<!-- generated: nonsense -->\n<!-- /generated -->\n", 2, "nothing generates nonsense"),
        ("a\n<!-- generated: cli -->\nand no end\n", 2, "not closed"),
        ("<!-- /generated -->\n", 1, "not closed, or not opened"),
        ("<!-- generated: or-run-it -->\n<!-- /generated -->\n", 1, "or-run-it is not generated"),
        ("<!-- generated: section-head nowhere -->\n<!-- /generated -->\n", 1, "no section nowhere"),
    ],
)
def test_a_wrong_mark_is_refused_with_its_line(checkout: Checkout, text: str, line: int, message: str) -> None:
    with pytest.raises(DocsError, match=message) as caught:
        GENERATOR.published(text, checkout.guide(), PATH)
    assert caught.value.path == PATH
    assert caught.value.line == line


def test_the_reference_of_a_command_does_not_depend_on_how_it_was_used_before(checkout: Checkout) -> None:
    before = GENERATOR.blocks["cli"].site(checkout.guide())
    alone = click.Command("alone", help="Alone.")
    alone.get_params(click.Context(alone))
    together = click.Group(
        "together", commands={"alone": alone}, context_settings={"help_option_names": ["-h", "--help"]}
    )
    assert cli_reference(together, checkout.guide()).count("`-h` or `--help`") == 2
    assert before.count("`-h` or `--help`") == before.count("Show this message and exit.")


def test_a_file_out_of_date_is_found(checkout: Checkout) -> None:
    checkout.own("docs")
    page = checkout.root / "docs" / "reference" / "errors.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("| 130 |", "| 131 |"), encoding="utf-8")
    stale = dict(GENERATOR.stale(checkout.guide()))
    # Each by its lines: a whole page is too long to be compared in a report.
    differing = {path: sorted({*new.splitlines()} - {*path.read_text().splitlines()}) for path, new in stale.items()}
    assert {path.name: lines for path, lines in differing.items() if path != page} == {}
    assert stale == {page: text}
