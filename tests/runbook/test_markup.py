"""The HTML of a line: what a provider said is text, and a link leads to a provider or to an entry."""

from __future__ import annotations

import re

import pytest
from pydantic import SecretStr

from deploybook.redact import MASK, Redactor
from deploybook.runbook import markup
from deploybook.runbook.events import SIGNS, Event, Table

HOSTILE = "<script>alert(1)</script>\x1b[2J\x1b]8;;https://evil.example\x07x' onmouseover='y"


@pytest.mark.parametrize("outcome", SIGNS)
def test_what_a_provider_said_is_text_in_every_state(outcome: str) -> None:
    line = Event("check", outcome, HOSTILE, HOSTILE).html()
    assert "<script" not in line
    assert "\x1b" not in line
    assert "' onmouseover" not in line
    assert re.findall(r"<(?!/?(?:div|span|b)\b)", line) == []


def test_a_tables_cells_and_an_errors_parts_are_text() -> None:
    for fragment in (Table((HOSTILE,), ((HOSTILE,),)).html(), markup.error(HOSTILE, HOSTILE, "", "")):
        assert "<script" not in fragment
        assert "&lt;script&gt;" in fragment


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://dash.example.com/x", "data:text/html,x", "//x", ""])
def test_only_an_https_address_is_a_link(address: str) -> None:
    assert "<a" not in Event("resource", "create", "a bucket", page=address).html()


def test_a_line_links_to_the_thing_and_to_its_entry() -> None:
    line = Event("resource", "failed", "a bucket", "gone", "cors", page="https://dash.example.com/a?b=1&c='2'").html(
        "PAGE"
    )
    assert "href='https://dash.example.com/a?b=1&amp;c=&#x27;2&#x27;'" in line
    assert "href='PAGE#cors'" in line


def test_a_line_without_any_style_reads_as_a_sentence() -> None:
    line = Event("resource", "update", "R2 bucket b", "location: a → b", "drift").html()
    assert re.sub(r"<[^>]+>", "", line) == "~ updated R2 bucket b — location: a → b see drift"


@pytest.mark.parametrize("secret", ["canary<&>'\"0123456789", "canary-0123456789abcdef"])
def test_a_secret_is_masked_in_the_html_as_in_the_text(secret: str) -> None:
    bundle = Event(
        "check", "failed", f"it holds {secret}", f"it said {secret}", page=f"https://x.example/{secret}"
    ).bundle()
    cleaned = Redactor([SecretStr(secret)]).tree(bundle)
    assert "canary" not in str(cleaned)
    assert cleaned["text/html"].count(MASK) == 3


def test_the_plain_text_is_what_it_was_before_lines_had_pages() -> None:
    event = Event("resource", "create", "R2 bucket b", "once", "cors", page="https://dash.example.com")
    assert event.plain() == "+ created      R2 bucket b — once\n  see docs/troubleshooting.md#cors"


def test_each_colour_without_a_style_sheet_passes_jupyterlabs_sanitizer() -> None:
    # jupyterlab, packages/apputils/src/sanitizer.ts, CssProp: a variable or light-dark() is removed.
    styles = [style for outcome in SIGNS for style in re.findall(r" style='(.*?)'", Event("x", outcome, "y").html())]
    assert len(styles) > len(SIGNS) / 3
    assert [style for style in styles if not re.fullmatch(r"color: #[0-9a-f]{6}", style)] == []


def test_the_style_has_no_script_and_fetches_nothing() -> None:
    assert markup.style().startswith("<style>")
    assert re.findall(r"url\(|@import|expression|</", markup.stylesheet()) == []
