"""What *Verify* says that is seen follows from the runbook's checks, and no link is read in code."""

from __future__ import annotations

import pytest
from tests.conftest import ROOT

from deploybook.guide.guide import Guide
from deploybook.guide.links import move
from deploybook.layout import Layout
from deploybook.site.claims import seen


@pytest.fixture(scope="module")
def guide() -> Guide:
    return Guide.read(Layout(ROOT))


def test_where_nothing_can_be_lacking_every_check_has_its_sign(guide: Guide) -> None:
    assert seen(guide, "turso") == "**You should see** a ✓ beside every check, and `1 of 1 sections passed`.\n"


def test_a_variable_of_a_later_section_is_an_exception_with_who_records_it(guide: Guide) -> None:
    assert "*later* until Vercel has recorded `NEXT_PUBLIC_APP_URL`" in seen(guide, "r2")


def test_a_credential_that_only_another_section_asks_for_is_an_exception(guide: Guide) -> None:
    assert "*left out* unless `VERCEL_TOKEN` is exported" in seen(guide, "render")


def test_a_parameter_is_an_exception(guide: Guide) -> None:
    assert "*a render comes back as a video* is *left out* with `-p render false`" in seen(guide, "end_to_end")


def test_what_a_person_does_first_is_an_exception(guide: Guide) -> None:
    assert "*the deploy hook starts this worker's deploy* is *later* until" in seen(guide, "render")


def test_what_the_section_itself_records_or_asks_for_is_none(guide: Guide) -> None:
    assert "but these" not in seen(guide, "vercel")
    assert "`VERCEL_TOKEN`" not in seen(guide, "ci_cd")


def test_a_pattern_that_looks_like_a_link_stays_as_it_is() -> None:
    line = "| `[a-z]([a-z-]{0,38}[a-z])?` | [a link](a.md) |\n"
    moved = move(line, "docs/index.md", "docs/reference/parameters.md")
    assert moved == "| `[a-z]([a-z-]{0,38}[a-z])?` | [a link](../a.md) |\n"
