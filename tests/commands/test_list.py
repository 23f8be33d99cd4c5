"""How ``deploybook list`` looks at a terminal."""

from __future__ import annotations

import pytest
from tests.conftest import CONTRACT

from deploybook.cli import main


def test_at_80_columns_no_line_is_longer_and_no_name_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    main(["list"])
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    words = set(shown.replace(",", " ").split())
    assert [each.name for each in CONTRACT.variables if each.section and each.name not in words] == []
