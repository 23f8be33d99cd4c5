from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploybook.errors import DocsError
from deploybook.site.sections import listed, steps, whole

if TYPE_CHECKING:
    from tests.site.conftest import Checkout


def test_every_section_stands_in_the_contracts_order_under_its_slug(checkout: Checkout) -> None:
    guide = checkout.guide()
    headings = [line for line in whole(guide).splitlines() if line.startswith("## ")]
    expected = [
        f"## {number}. {guide.contract.section(slug).title} {{#{slug}}}"
        for number, slug in enumerate(guide.contract.order(), 1)
    ]
    assert headings == expected


def test_the_headings_of_a_section_get_ids_of_their_own(checkout: Checkout) -> None:
    assert "### If it fails {#r2-if-it-fails}" in whole(checkout.guide())


def test_a_section_without_a_text_is_marked_and_nothing_is_invented(checkout: Checkout) -> None:
    checkout.own("docs", "runbooks")
    (checkout.root / "docs" / "sections" / "r2.md").unlink()
    guide = checkout.guide()
    text = whole(guide)
    assert "**Not yet written.** The [Cloudflare R2 runbook](runbooks/r2.md) is there." in text
    assert "Cloudflare R2 (not yet written)" in listed(guide)
    (checkout.root / "runbooks" / "r2.ipynb").unlink()
    assert "runbooks/r2.md" not in whole(guide)


def test_a_section_whose_first_line_is_not_its_title_is_refused(checkout: Checkout) -> None:
    checkout.own("docs")
    path = checkout.root / "docs" / "sections" / "r2.md"
    path.write_text("# Cloudflare's R2\n", encoding="utf-8")
    with pytest.raises(DocsError, match=r"docs/sections/r2\.md:1: the first line is not the section's title"):
        whole(checkout.guide())


def test_steps_are_named_by_their_bold_words() -> None:
    text = "1. [ ] **Make it.** Now.\n\n    **You should see** it.\n\n2. [x] **See it**\n\n3. no step\n"
    assert steps(text) == ["Make it", "See it"]
