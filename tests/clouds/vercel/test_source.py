"""What is deployed, as the parameters name it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import ROOT

from deploybook.clouds import vercel
from deploybook.errors import InvalidValue


def test_a_relative_folder_is_seen_from_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # A notebook's own working directory is the folder of the runbooks.
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(ROOT))
    monkeypatch.chdir(tmp_path)
    assert vercel.source("", "main", "runbooks/web_stub").folder == ROOT / "runbooks" / "web_stub"


def test_where_nothing_is_deployed_none_need_be_given() -> None:
    assert vercel.source("", "main", "", needed=False) == vercel.Source()
    with pytest.raises(InvalidValue, match="git_repository is not given, nor web_source"):
        vercel.source("", "main", "")


def test_a_link_out_of_the_folder_or_to_what_is_private_is_not_deployed(tmp_path: Path) -> None:
    folder = tmp_path / "web"
    (folder / "pages").mkdir(parents=True)
    (folder / "index.html").write_text("page")
    (folder / ".env.local").write_text("SECRET=1")
    (tmp_path / "outside.txt").write_text("private")
    (folder / "settings").symlink_to(folder / ".env.local")
    (folder / "outside.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "pages" / "index.html").symlink_to(folder / "index.html")
    assert vercel.source("", "main", str(folder)).files == {"index.html": b"page", "pages/index.html": b"page"}
