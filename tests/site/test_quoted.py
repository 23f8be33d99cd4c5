"""What a page quotes of a run is compared with the latest dry run while the site is built."""

from __future__ import annotations

import logging

import pytest
from mkdocs.config.defaults import MkDocsConfig
from tests.site.conftest import WHOLE, Checkout

from deploybook import mkdocs_hook
from deploybook.site.quoted import differing

PAGE = "docs/sections/webhook_secret.md"
SUMMARY = "1 of 1 sections passed"
# What the page says of its run: a test quotes a claim in its place.
SHOWN = "a ✓ beside every check"


def findings(checkout: Checkout) -> list[str]:
    return [f"{finding.path}: {finding.message}" for finding in differing(checkout.guide())]


def changed(checkout: Checkout, path: str, before: str, after: str) -> None:
    if (checkout.root / "docs").is_symlink():
        checkout.own("docs")
    page = checkout.root / path
    text = page.read_text(encoding="utf-8")
    assert before in text
    page.write_text(text.replace(before, after), encoding="utf-8")


def test_what_the_run_printed_is_no_finding(checkout: Checkout) -> None:
    for number, (slug, outputs) in enumerate(WHOLE.items()):
        checkout.ran(slug, outputs, started=f"20260102T03040{number}Z")
    changed(checkout, PAGE, SHOWN, "*it is 32 bytes in hex, without white space*")
    assert findings(checkout) == []


def test_a_claim_that_the_run_did_not_make_is_one(checkout: Checkout) -> None:
    checkout.ran("webhook_secret", WHOLE["webhook_secret"])
    changed(checkout, PAGE, SHOWN, "*it is 64 bytes in hex, without white space*")
    message = "the block before does not print “it is 64 bytes in hex, without white space”"
    assert findings(checkout) == [f"{PAGE}: {message}"]


def test_a_summary_that_no_run_ends_with_is_one(checkout: Checkout) -> None:
    checkout.ran("r2", WHOLE["r2"])
    changed(checkout, "docs/sections/r2.md", SUMMARY, "1 of 1 sections verified")
    assert findings(checkout) == ["docs/sections/r2.md: the block before does not print “1 of 1 sections verified”"]


def test_a_run_that_failed_or_of_another_text_says_nothing(checkout: Checkout) -> None:
    checkout.own("runbooks")
    changed(checkout, PAGE, SHOWN, "*it is green, without white space*")
    checkout.ran("webhook_secret", WHOLE["webhook_secret"], status="failed")
    assert findings(checkout) == []
    checkout.ran("webhook_secret", WHOLE["webhook_secret"], started="20260102T030406Z")
    assert findings(checkout) != []
    notebook = checkout.layout.notebook("webhook_secret")
    notebook.write_text(notebook.read_text(encoding="utf-8").replace("32 random bytes", "some bytes"), encoding="utf-8")
    assert findings(checkout) == []


def test_a_build_warns_of_it_where_a_strict_one_counts_warnings(
    checkout: Checkout, caplog: pytest.LogCaptureFixture
) -> None:
    checkout.ran("webhook_secret", WHOLE["webhook_secret"])
    changed(checkout, PAGE, SHOWN, "*it is 64 bytes in hex, without white space*")
    config = MkDocsConfig()
    config.extra = {"guide": checkout.guide()}
    mkdocs_hook.on_pre_build(config=config)
    [(logger, level, message)] = caplog.record_tuples
    # mkdocs.commands.build counts what comes to the logger "mkdocs".
    assert (logger.split(".")[0], level) == ("mkdocs", logging.WARNING)
    assert message.startswith("'sections/webhook_secret.md', line ")
