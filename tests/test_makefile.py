"""What stops the set-up is one sentence, and a checkout that was moved sets itself up again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.waiting import PATIENCE_SECONDS

# As an interpreter of that version answers the question of the Makefile; nothing else is asked of it.
OLD = '#!/bin/sh\nexec python3 -c "import sys; sys.version_info = (3, 10, 1); $2"\n'

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is absent")


def make(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "Makefile", root)
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)


@pytest.mark.parametrize("target", ["guide", "test"])
def test_an_old_python_is_refused_in_one_sentence(tmp_path: Path, target: str) -> None:
    python = tmp_path / "python3.10"
    python.write_text(OLD)
    python.chmod(0o755)
    result = make(tmp_path, f"PYTHON={python}", target)
    assert result.returncode == 2
    assert result.stdout == ""
    why = f"deploybook needs Python 3.11 or newer, and {python} gives: 3.10. Name another one: make PYTHON=python3.12."
    assert result.stderr.partition(": *** ")[2] == f"{why}  Stop.\n"


def test_a_python_that_is_not_there_is_refused_in_one_sentence(tmp_path: Path) -> None:
    result = make(tmp_path, "PYTHON=python9.9", "test")
    assert result.returncode == 2
    assert "deploybook needs Python 3.11 or newer, and python9.9 gives: no answer." in result.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    ("machine", "libc", "named"),
    [
        (("Darwin", "x86_64"), ("", ""), "Darwin x86_64"),
        (("Linux", "x86_64"), ("", ""), "Linux x86_64 no glibc"),
        (("Linux", "aarch64"), ("glibc", "2.17"), "Linux aarch64 glibc 2.17"),
        (("Windows", "AMD64"), ("", ""), "Windows AMD64"),
        (("Linux", "aarch64"), ("glibc", "2.36"), ""),
        (("Darwin", "arm64"), ("", ""), ""),
    ],
)
def test_a_platform_without_the_sandboxs_servers_is_refused_in_one_sentence(
    tmp_path: Path, machine: tuple[str, str], libc: tuple[str, str], named: str
) -> None:
    python = tmp_path / "python3"
    answers = f"p.system = lambda: '{machine[0]}'; p.machine = lambda: '{machine[1]}'; p.libc_ver = lambda: {libc}"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import platform as p; {answers}; $2"\n')
    python.chmod(0o755)
    result = make(tmp_path, f"PYTHON={python}", "--dry-run", "install")
    assert ("Run it in a container: docker run" in result.stderr) is bool(named)
    if named:
        sentence = result.stderr.partition(": *** ")[2]
        assert f"and on macOS (Apple silicon), and this is: {named}. Run it" in sentence
        assert len(sentence.splitlines()) == 1


@pytest.mark.parametrize(("place", "kept"), [("", True), ("elsewhere", False)])
def test_a_virtual_environment_of_another_place_is_made_anew(tmp_path: Path, place: str, *, kept: bool) -> None:
    venv = tmp_path / ".venv"
    venv.mkdir()
    (venv / ".place").write_text(f"{tmp_path}{place}\n")
    result = make(tmp_path, "--dry-run", "install")
    assert venv.exists() == kept
    assert ("was moved" in result.stdout) != kept


def test_a_virtual_environment_that_is_linked_to_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".place").write_text(f"{tmp_path}/elsewhere\n")
    (tmp_path / ".venv").symlink_to(tmp_path / "elsewhere")
    assert "was moved" not in make(tmp_path, "--dry-run", "install").stdout
    assert (tmp_path / ".venv" / ".place").is_file()
