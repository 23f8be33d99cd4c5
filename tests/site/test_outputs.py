from __future__ import annotations

from typing import Any

from deploybook.runbook.events import Event, Table
from deploybook.site.outputs import outputs_html


def shown(**output: Any) -> str:
    return outputs_html([dict(output)], "runbooks/r2.ipynb", lambda path: f"URL({path})")


def test_a_line_is_taken_over_and_its_link_leads_to_the_site() -> None:
    line = Event("check", "failed", "it holds", "no", "cors")
    page = shown(output_type="display_data", data=line.bundle())
    assert "<div class='db-line db-failed'>" in page
    assert "href='URL(docs/troubleshooting.md)#cors'" in page


def test_a_table_is_taken_over() -> None:
    page = shown(output_type="display_data", data=Table(("a",), (("<b>",),)).bundle())
    assert "<table class='db-table'>" in page
    assert "&lt;b&gt;" in page


def test_other_html_is_not_taken_over_its_text_is() -> None:
    page = shown(output_type="display_data", data={"text/html": "<script>x</script>", "text/plain": "a < b"})
    assert "<script>" not in page
    assert ">a &lt; b</pre>" in page


def test_streams_and_errors_are_plain_text_without_terminal_colours() -> None:
    assert ">one\ntwo</pre>" in shown(output_type="stream", text=["\x1b[31mone\n", "two\x1b[0m\n"])
    assert ">A: b\nhint: c</pre>" in shown(output_type="error", ename="A", evalue="b", traceback=["A: b", "hint: c"])


def test_an_error_that_was_printed_too_is_shown_once() -> None:
    outputs: list[dict[str, Any]] = [
        {"output_type": "stream", "text": "A: b\nhint: c\n"},
        {"output_type": "error", "ename": "A", "evalue": "b", "traceback": ["A: b", "hint: c"]},
    ]
    assert outputs_html(outputs, "runbooks/r2.ipynb", str).count("hint: c") == 1


def test_nothing_shown_leaves_nothing() -> None:
    assert outputs_html([], "runbooks/r2.ipynb", str) == ""
    assert shown(output_type="stream", text="\n") == ""
