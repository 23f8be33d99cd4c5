"""Whatever message an operator pastes into the search box, its entry is among the first that it lists.

What is pasted are the lines in which ``deploybook prove entries`` saw the messages.
"""

from __future__ import annotations

import json

import pytest
from tests.conftest import ROOT
from tests.e2e.proving import appears
from tests.site.browser import Open
from tests.site.pasted_messages import search

from deploybook.guide.entries import PAGE, read_entries

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LINES: dict[str, dict[str, str]] = json.loads((ROOT / "tests" / "site" / "seen_lines.json").read_text(encoding="utf-8"))
MESSAGES = [(entry.id, message) for entry in read_entries(ROOT / PAGE).values() for message in entry.messages]
# As it is read on a terminal, and as it comes out of a log.
WAYS = ("{}", '2026-01-02T03:04:05.678Z  ERROR [deploybook] "error: {}"')
FIRST = 3
# What stands for a part that differs, in a message of which no line is kept yet.
NAME = "studio-production"


def test_the_lines_are_those_of_their_messages() -> None:
    messages = set(MESSAGES)
    kept = [(entry, message, line) for entry, lines in LINES.items() for message, line in lines.items()]
    unlike = [pasted for pasted in kept if pasted[:2] not in messages or not appears(pasted[1], pasted[2])]
    assert unlike == [], "python -m tests.site.seen_lines ENTRY keeps them anew"


def test_a_pasted_message_finds_its_entry(open_page: Open) -> None:
    page = open_page("index.html", search=True)
    with page.expect_response("**/assets/messages.js"):
        page.get_by_role("textbox", name="Search").click()
    lines = [(entry, LINES.get(entry, {}).get(message, message.replace("…", NAME))) for entry, message in MESSAGES]
    pasted = [(entry, way.format(line)) for entry, line in lines for way in WAYS]
    results = search(page, [text for _, text in pasted])
    lost = [
        f"{entry}: {text} → {links[:FIRST]}"
        for (entry, text), links in zip(pasted, results, strict=True)
        if not any(link.endswith(f"/troubleshooting.html#{entry}") for link in links[:FIRST])
    ]
    assert lost == []


def test_what_is_typed_finds_the_words_that_begin_so(open_page: Open) -> None:
    [links, named, operators] = search(
        open_page("index.html", search=True), ["presign", "R2_SECRET_ACC", "-p rotate: true"]
    )
    assert any("presign" in link or "r2" in link for link in links), links
    assert any(link.endswith("reference/variables.html#r2_secret_access_key") for link in named), named
    assert operators


@pytest.mark.parametrize(
    ("typed", "page"), [("rotate a secret", "/rotation.html"), ("windows", "/DEPLOY_PROD_CHECKLIST.html#tools")]
)
def test_a_task_in_the_readers_words_leads_to_its_page(open_page: Open, typed: str, page: str) -> None:
    [links] = search(open_page("index.html", search=True), [typed])
    assert page in links[0]
