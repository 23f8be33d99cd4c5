"""How the entries that the source leads to are read. That entries and source agree is held by rules: tests/checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploybook.checks.facts.entry_uses import used


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
        ('Event("check", "failed", "s", "d", "line")', {"line"}),
        ('raise type(error)("s", "o", "m", "h", "anew")', {"anew"}),
        ("InvalidValue(error.message, error.hint, error.entry)", set()),
        ('InvalidValue("m", "h", computed())', {""}),
    ],
)
def test_the_source_is_read_rightly(tmp_path: Path, source: str, entries: set[str]) -> None:
    (tmp_path / "module.py").write_text(source, encoding="utf-8")
    assert {use.entry for use in used(tmp_path)} == entries
