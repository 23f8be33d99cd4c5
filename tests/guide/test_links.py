from __future__ import annotations

import pytest

from deploybook.guide.links import into_site, move

CHECKLIST, SECTION, PAGE = "docs/DEPLOY_PROD_CHECKLIST.md", "docs/sections/r2.md", "docs/runbooks/r2.md"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](../troubleshooting.md#cors)", "[a](troubleshooting.md#cors)"),
        ("[a](../../runbooks/r2.ipynb)", "[a](runbooks/r2.md)"),
        ("[a](turso.md)", "[a](#turso)"),
        ("[a](turso.md#steps)", "[a](#turso-steps)"),
        ("[a](#steps)", "[a](#r2-steps)"),
        ("[a](../DEPLOY_PROD_CHECKLIST.md#credentials)", "[a](#credentials)"),
        ("![a](../assets/x.png) and [b](../STYLE.md 'title')", "![a](assets/x.png) and [b](STYLE.md 'title')"),
        (
            "[a](https://example.com/x.md#y) [b](mailto:a@example.com)",
            "[a](https://example.com/x.md#y) [b](mailto:a@example.com)",
        ),
        ("```sh\necho '[a](turso.md)'\n```\n", "```sh\necho '[a](turso.md)'\n```\n"),
    ],
)
def test_links_of_a_section_lead_to_the_same_in_the_checklist(text: str, expected: str) -> None:
    assert move(text, SECTION, CHECKLIST, into_site) == expected


def test_links_of_a_notebook_lead_to_the_same_from_its_page() -> None:
    moved = move("[a](../docs/DEPLOY_PROD_CHECKLIST.md#r2) [b](turso.ipynb)", "runbooks/r2.ipynb", PAGE, into_site)
    assert moved == "[a](../DEPLOY_PROD_CHECKLIST.md#r2) [b](turso.md)"


def test_moving_into_the_site_twice_changes_nothing_more() -> None:
    once = move("[a](turso.md#steps) [b](../../runbooks/r2.ipynb)", SECTION, CHECKLIST, into_site)
    assert move(once, CHECKLIST, CHECKLIST, into_site) == once
