from __future__ import annotations

import json
import re

import pytest

from deploybook.layout import find_layout
from deploybook.site.guide import Guide
from deploybook.site.sections import steps

GUIDE = Guide.read(find_layout())
WRITTEN = [slug for slug in GUIDE.contract.order() if GUIDE.text_of(slug).is_file()]
PARTS = ["Steps", "Or run it", "Verify", "Undo", "If it fails"]
_STEP = re.compile(r"^\d+\. \[ \] ", re.MULTILINE)


def text_of(slug: str) -> str:
    return GUIDE.text_of(slug).read_text(encoding="utf-8")


def part(slug: str, heading: str) -> str:
    return re.split(r"^## ", text_of(slug).partition(f"## {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def test_every_file_of_a_section_belongs_to_a_section() -> None:
    assert {path.stem for path in (GUIDE.docs / "sections").iterdir()} == set(WRITTEN)


@pytest.mark.parametrize("slug", WRITTEN)
def test_a_section_has_all_its_parts_in_order(slug: str) -> None:
    assert re.findall(r"^## (.*)$", text_of(slug), re.MULTILINE) == PARTS
    for block in (f"section-head {slug}", f"verified {slug}", f"or-run-it {slug}"):
        assert f"<!-- generated: {block} -->" in text_of(slug)


@pytest.mark.parametrize("slug", [slug for slug in WRITTEN if GUIDE.has_runbook(slug)])
def test_the_steps_are_the_runbooks_headings_in_the_same_words(slug: str) -> None:
    cells = json.loads(GUIDE.layout.notebook(slug).read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    headings = [heading for heading in re.findall(r"^## (.*)$", text, re.MULTILINE) if heading != "Verify"]
    assert steps(text_of(slug)) == headings


@pytest.mark.parametrize("slug", WRITTEN)
def test_every_step_says_what_you_should_see_and_warns_before_it_instructs(slug: str) -> None:
    found = _STEP.split(part(slug, "Steps"))[1:]
    assert found
    for step in found:
        name, _, body = step.partition("\n")
        assert "**You should see**" in body, name
        if "[!WARNING]" in body:
            before = body.partition("> [!WARNING]")[0]
            assert before.strip() == "", f"{name}: the warning comes after something else"


@pytest.mark.parametrize("slug", WRITTEN)
def test_undo_and_failure_say_something(slug: str) -> None:
    assert "--mode destroy" in part(slug, "Undo")
    assert re.search(r"\(\.\./troubleshooting\.md#[a-z0-9-]+\)", part(slug, "If it fails"))
