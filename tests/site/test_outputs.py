from __future__ import annotations

from typing import Any

from deploybook.runbook.events import Event, Table
from deploybook.site.outputs import outputs_html


def shown(**output: Any) -> str:
    return outputs_html([dict(output)], "runbooks/r2.ipynb", lambda path: f"URL({path})")


def test_a_line_is_taken_over_and_its_link_leads_to_the_site() -> None:
    line = Event("check", "failed", "it holds", "no", "cors")
    page = shown(output_type="display_data", data=line.bundle())
    assert "db-line db-failed'>" in page
    assert "href='URL(docs/troubleshooting.md)#cors'" in page


def test_a_table_is_taken_over() -> None:
    page = shown(output_type="display_data", data=Table(("a",), (("<b>",),)).bundle())
    assert "class='db-table'" in page
    assert "&lt;b&gt;" in page


def test_other_html_is_not_taken_over_its_text_is() -> None:
    page = shown(output_type="display_data", data={"text/html": "<script>x</script>", "text/plain": "a < b"})
    assert "<script>" not in page
    assert ">a &lt; b</pre>" in page


def test_streams_and_errors_are_plain_text_without_terminal_colours() -> None:
    assert ">one\ntwo</pre>" in shown(output_type="stream", text=["\x1b[31mone\n", "two\x1b[0m\n"])
    assert ">X: b\n  line 1</pre>" in shown(output_type="error", ename="X", evalue="b", traceback=["X: b", "  line 1"])


def test_an_error_of_ours_is_shown_as_what_failed_what_to_do_and_its_entry() -> None:
    page = shown(output_type="error", ename="A", evalue="b", traceback=["A: <b>", "hint: do c", "see: docs/t.md#cors"])
    assert "<b>A: &lt;b&gt;</b>" in page
    assert "<p>What to do: do c</p>" in page
    assert "href='URL(docs/troubleshooting.md)#cors'" in page


def test_the_markup_of_a_line_is_made_anew_and_none_is_taken_from_the_notebook() -> None:
    bundle = Event("check", "passed", "it holds").bundle() | {"text/html": "<div class='db-line'><script>x</script>"}
    page = shown(output_type="display_data", data=bundle)
    assert "<script>" not in page
    assert "it holds" in page


def test_an_error_that_was_printed_too_is_shown_once() -> None:
    outputs: list[dict[str, Any]] = [
        {"output_type": "stream", "text": "A: b\nhint: c\n"},
        {"output_type": "display_data", "data": {"text/html": "<p>A: b</p>"}},
        {"output_type": "error", "ename": "A", "evalue": "b", "traceback": ["A: b", "hint: c"]},
    ]
    assert outputs_html(outputs, "runbooks/r2.ipynb", str).count("What to do: c") == 1


def test_nothing_shown_leaves_nothing() -> None:
    assert outputs_html([], "runbooks/r2.ipynb", str) == ""
    assert shown(output_type="stream", text="\n") == ""
