from __future__ import annotations

import re
from pathlib import Path

import pytest

import deploybook
from deploybook.layout import find_layout
from deploybook.site.entries import documented, used

PACKAGE = Path(deploybook.__file__).parent
PAGE = find_layout().root / "docs" / "troubleshooting.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_entry_that_the_package_leads_to_is_written() -> None:
    missing = {use.entry: f"{use.path.relative_to(PACKAGE)}:{use.line}" for use in used(PACKAGE) if use.entry}
    assert {entry: place for entry, place in missing.items() if entry not in documented(TEXT)} == {}


def test_every_entry_is_named_where_the_source_shows_it() -> None:
    hidden = [f"{use.path.relative_to(PACKAGE)}:{use.line}" for use in used(PACKAGE) if not use.entry]
    assert hidden == [], "give the entry as a literal, or by a name or a dict of literals in the same module"


def test_no_entry_is_written_that_nothing_leads_to() -> None:
    led_to = {use.entry for use in used(PACKAGE)}
    unused = [entry for entry, marked in documented(TEXT).items() if entry not in led_to and not marked]
    assert unused == [], "remove it, or mark it {#id .seen-in-the-app}"


def test_every_heading_is_an_entry_and_its_id_is_its_own() -> None:
    ids = re.findall(r"^## .*\{#([a-z0-9-]+)", TEXT, re.MULTILINE)
    assert len(ids) == len(set(ids)) == len(re.findall(r"^## ", TEXT, re.MULTILINE)) == len(documented(TEXT))


@pytest.mark.parametrize("entry", documented(TEXT))
def test_every_entry_has_what_you_see_the_check_and_the_fix(entry: str) -> None:
    body = re.split(r"^## ", TEXT.partition(f"{{#{entry}")[2], maxsplit=1, flags=re.MULTILINE)[0]
    assert re.findall(r"^\*\*(You see|Check|Fix)\*\*", body, re.MULTILINE) == ["You see", "Check", "Fix"]


@pytest.mark.parametrize(
    ("source", "entries"),
    [
        ('raise InvalidValue("m", "h", "plain")', {"plain"}),
        ('raise VerificationFailed("m", entry="named")', {"named"}),
        ('raise NotFound("s", "o", "m", "h", "service")', {"service"}),
        ('kind = NotFound if x else Conflict\nraise kind("s", "o", "m", "h", "by-variable")', {"by-variable"}),
        ('E = {"a": "one", "b": "two"}\nInvalidValue("m", "h", E[code])', {"one", "two"}),
        ('InvalidValue("m", "h", "yes" if x else "no")', {"yes", "no"}),
        ('def _fail(what, entry): ...\n_fail("x", "helper")', {"helper"}),
        ('class C:\n    def _fail(self, what, entry): ...\n    def f(self): self._fail("x", "method")', {"method"}),
        ('class New(InvalidValue):\n    entry_default = "default"', {"default"}),
        ('class R(Resource):\n    drift_entry = "differs"\n    absent_entry = "gone"', {"differs", "gone"}),
        ("Line('c', 'f', 's', 'd', resource.drift_entry)", set()),
        ('Line("check", "failed", "s", "d", "line")', {"line"}),
        ("InvalidValue(error.message, error.hint, error.entry)", set()),
        ('InvalidValue("m", "h", computed())', {""}),
    ],
)
def test_the_source_is_read_rightly(tmp_path: Path, source: str, entries: set[str]) -> None:
    (tmp_path / "module.py").write_text(source, encoding="utf-8")
    assert {use.entry for use in used(tmp_path)} == entries
