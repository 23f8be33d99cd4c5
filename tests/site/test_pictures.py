"""The README's pictures show what is there now, and are as the script made them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.site.pictures import CHECKLIST, MAKE_ANEW, RUN, digest_of, record, sources


@pytest.mark.parametrize("picture", [CHECKLIST, RUN], ids=lambda path: path.name)
def test_a_picture_was_made_from_what_is_there_now(picture: Path) -> None:
    name = picture.name
    assert record()[name]["made_from"] == sources()[name], f"What {name} shows has changed. Make it anew: {MAKE_ANEW}"


@pytest.mark.parametrize("picture", [CHECKLIST, RUN], ids=lambda path: path.name)
def test_a_picture_is_as_the_script_made_it(picture: Path) -> None:
    assert digest_of(picture) == record()[picture.name]["picture"], f"Make it anew: {MAKE_ANEW}"


def test_the_readme_shows_both_and_says_what_is_seen() -> None:
    pictures = re.findall(r"!\[(.+?)\]\((.+?)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {path for _, path in pictures} == {str(path.relative_to(ROOT)) for path in (CHECKLIST, RUN)}
    assert all(len(text) > 40 for text, _ in pictures)


def test_no_picture_names_this_machine() -> None:
    text = RUN.read_text(encoding="utf-8")
    assert re.findall(r"/(?:home|root|tmp|work)/", text) == []
    assert "<script" not in text
