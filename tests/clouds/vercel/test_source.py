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
    with pytest.raises(InvalidValue, match="Neither git_repository nor web_source is set"):
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


def test_what_vercelignore_names_is_not_deployed_and_gitignore_counts_where_there_is_none(tmp_path: Path) -> None:
    for name in ("index.html", "jobs.db", "worker/index.js", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".gitignore").write_text("*.db\n")
    assert set(vercel.source("", "main", str(tmp_path)).files) == {
        ".gitignore",
        "index.html",
        "notes.txt",
        "worker/index.js",
    }
    (tmp_path / ".vercelignore").write_text("/worker/\n*.txt\n*.db\n!notes.txt\n")
    deployed = set(vercel.source("", "main", str(tmp_path)).files)
    assert deployed == {".gitignore", ".vercelignore", "index.html", "notes.txt"}
