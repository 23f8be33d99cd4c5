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
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= 80
    words = set(output.replace(",", " ").split())
    assert [variable.name for variable in CONTRACT.variables if variable.section and variable.name not in words] == []
