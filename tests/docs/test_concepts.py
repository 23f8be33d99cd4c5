"""The page of concepts has a part for each section, and explains every variable that must be set."""

from __future__ import annotations

import re

import pytest
from tests.conftest import CONTRACT, ROOT

PAGE = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^## [^\n]+ \{#(\w+)\}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
REQUIRED = [variable.name for variable in CONTRACT.variables if not variable.optional]


def test_each_section_has_its_part_under_its_title_in_the_order_of_running() -> None:
    headings = re.findall(r"^## (.+) \{#(\w+)\}$", PAGE, re.MULTILINE)
    assert headings == [(CONTRACT.section(slug).title, slug) for slug in CONTRACT.order()]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_variable_that_must_be_set_is_explained(name: str) -> None:
    rows = [line.split("|")[1] for text in PARTS.values() for line in text.splitlines() if line.startswith("|")]
    assert any(f"`{name}`" in cell for cell in rows)


@pytest.mark.parametrize("slug", CONTRACT.order())
def test_a_part_says_how_it_fails_and_leads_to_its_section(slug: str) -> None:
    fails = PARTS[slug].partition("**How it fails.**")[2]
    assert "(troubleshooting.md#" in fails
    assert f"(DEPLOY_PROD_CHECKLIST.md#{slug})" in fails


@pytest.mark.parametrize("slug", CONTRACT.order())
def test_a_section_leads_to_its_part(slug: str) -> None:
    section = (ROOT / "docs" / "sections" / f"{slug}.md").read_text(encoding="utf-8")
    assert f"(../concepts.md#{slug})" in section.partition("## Steps")[0]
