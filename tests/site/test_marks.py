"""A sentence that a claim proves carries the sign of the latest run, which leads to the claim's line."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import pytest

from deploybook.checks.facts.evidence import RECORD, Bound, Register, register_text
from deploybook.guide.evidence import Evidence
from deploybook.guide.guide import Guide
from deploybook.layout import Layout
from deploybook.site.marks import with_marks

PATH = "docs/sections/turso.md"
CLAIM = "wrong tokens are refused"
TEXT = "It refuses\nwrong tokens. It has a table.\n"


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    (tmp_path / "docs").mkdir()
    bound = (
        Bound("verify", "It refuses wrong tokens.", (f"claim turso: {CLAIM}",)),
        Bound("verify", "It has a table.", ("test tests/test_a.py::test_b",)),
    )
    (tmp_path / RECORD).write_text(register_text(Register({}, {PATH: bound})), encoding="utf-8")
    started = datetime.datetime(2026, 11, 28, tzinfo=datetime.UTC)
    run = Evidence(
        "turso",
        "passed",
        "dry-run",
        started,
        1.0,
        {},
        1.0,
        "abc",
        1,
        1,
        "",
        tmp_path,
        claims={CLAIM: ("verify", "passed")},
    )
    real = Guide.read(Layout(Path(__file__).parents[2]))
    return dataclasses.replace(real, layout=Layout(tmp_path), evidence={"turso": run})


def test_the_sign_of_the_claim_stands_behind_its_sentence_and_leads_to_its_line(guide: Guide) -> None:
    mark = f'&nbsp;[✓](../runbooks/turso.md#verify){{ .db-claim title="{CLAIM}: passed" }}'
    assert with_marks(TEXT, guide, PATH) == TEXT.replace("wrong tokens.", f"wrong tokens.{mark}")


def test_another_page_and_a_guide_without_a_run_have_no_mark(guide: Guide) -> None:
    assert with_marks(TEXT, guide, "docs/index.md") == TEXT
    assert with_marks(TEXT, dataclasses.replace(guide, evidence={}), PATH) == TEXT


def test_a_claim_that_came_later_has_its_own_sign(guide: Guide) -> None:
    run = dataclasses.replace(guide.evidence["turso"], claims={CLAIM: ("verify", "later")})
    assert "[·](" in with_marks(TEXT, dataclasses.replace(guide, evidence={"turso": run}), PATH)
