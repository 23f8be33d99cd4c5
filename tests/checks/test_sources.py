"""What is read of the package is kept from one process to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

import deploybook
from deploybook.checks.facts import sources
from deploybook.checks.facts.sources import Sources, read_sources

PACKAGE = Path(deploybook.__file__).parent


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reading is a new process's."""
    monkeypatch.setattr(sources, "_sources", sources._sources.__wrapped__)


def facts(read: Sources) -> object:
    return read.modules, read.uses


@pytest.mark.usefixtures("forgetful")
def test_what_was_kept_is_what_was_read(tmp_path: Path) -> None:
    first = facts(read_sources(PACKAGE, tmp_path / "kept"))
    (file,) = (tmp_path / "kept").iterdir()
    assert facts(read_sources(PACKAGE, tmp_path / "kept")) == first
    file.write_bytes(file.read_bytes()[:1000])
    assert facts(read_sources(PACKAGE, tmp_path / "kept")) == first
    assert list((tmp_path / "kept").iterdir()) == [file]


@pytest.mark.usefixtures("forgetful")
def test_of_a_package_that_does_not_run_nothing_is_kept(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "module.py").write_text("LIMIT = 3\n", encoding="utf-8")
    assert read_sources(package, tmp_path / "kept").modules["module.py"].constants == {"LIMIT": 3.0}
    assert not (tmp_path / "kept").exists()


@pytest.mark.usefixtures("forgetful")
def test_where_nothing_can_be_written_it_is_read_all_the_same(tmp_path: Path) -> None:
    # Root may write into every folder, but into no file's inside.
    (tmp_path / "file").touch()
    assert read_sources(PACKAGE, tmp_path / "file" / "kept").modules
