from __future__ import annotations

import html
import re

import pytest
from markdown import markdown

from deploybook.guide.markdown import change_prose, code, fenced, plain, table


@pytest.mark.parametrize("text", ["a|b", "`tick`", r"[a-z]*\.(x|y)<z>&", "_a_ *b* [c] #d", "R2_ACCOUNT_ID"])
def test_any_text_survives_a_table(text: str) -> None:
    page = markdown(table(("code", "plain"), [[code(text), plain(text)]]), extensions=["tables"])
    cells = [html.unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", page)]
    assert cells == [f"<code>{text}</code>", text]


def test_a_fence_is_longer_than_any_inside() -> None:
    assert fenced("text", "````\nx\n````").startswith("`````text\n")


def test_only_lines_outside_code_are_changed() -> None:
    text = "a\n```sh\na\n~~~\na\n```\na\n    ````\n    a\n    ````\na\n"
    assert change_prose(text, str.upper) == "A\n```sh\na\n~~~\na\n```\nA\n    ````\n    a\n    ````\nA\n"
