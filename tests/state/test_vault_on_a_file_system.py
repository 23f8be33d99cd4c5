"""A vault on a disk that is full, read-only or somebody else's: real file systems, for which the tests need to be root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.conftest import ROOT
from tests.waiting import PATIENCE_SECONDS

from deploybook.state.vault import Vault

NOBODY = 65534
# Each attempt's error in an operator's words, by name; an attempt that succeeds has none.
ATTEMPTS = """
import json, os, sys
from pathlib import Path
from pydantic import SecretStr
from deploybook.errors import DeploybookError
from deploybook.state.vault import Vault

vault = Vault(Path(sys.argv[1]), "production")
attempts = {
    "put": lambda: vault.put({"B": SecretStr("2" * 50_000)}),
    "forget": lambda: vault.forget("A"),
    "require_writable": vault.require_writable,
}
if user := int(sys.argv[2]):
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
said = {}
for name, attempt in attempts.items():
    try:
        attempt()
    except DeploybookError as error:
        said[name] = [str(error), error.entry]
print(json.dumps(said))
"""


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small file system of its own, at a place that every user can reach, which pytest's own folders are not."""
    with tempfile.TemporaryDirectory(prefix="deploybook-disk-") as name:
        Path(name).chmod(0o755)
        folder = Path(name) / "disk"
        folder.mkdir()
        if os.geteuid() != 0 or _mount(folder, "size=256k,mode=0700").returncode != 0:
            pytest.skip("no file system can be mounted here: it needs root and the right to mount")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(folder: Path, options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )


def attempted(state: Path, user: int = 0) -> dict[str, list[str]]:
    """What the operator sees of each attempt by ``user``."""
    command = [sys.executable, "-c", ATTEMPTS, str(state), str(user)]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert completed.returncode == 0, completed.stderr
    result: dict[str, list[str]] = json.loads(completed.stdout)
    return result


def filled(state: Path) -> Vault:
    vault = Vault(state, "production")
    vault.put({name: SecretStr("1" * 20_000) for name in ("A", "C")})
    return vault


def contents(state: Path) -> dict[str, bytes]:
    """Every file but the record of names: what is recorded about a value goes before the value (see HeldNames)."""
    return {path.name: path.read_bytes() for path in state.iterdir() if path.name != "production.held.json"}


def test_on_a_full_disk_nothing_is_half_done(disk: Path) -> None:
    vault = filled(disk)
    before = contents(disk)
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    (disk / "ballast").write_bytes(b"x" * free)
    output = attempted(disk)
    assert set(output) == {"put", "forget", "require_writable"}
    for sentence, entry in output.values():
        assert "No space left on device" in sentence
        assert "it is unchanged" in sentence
        assert entry == "vault-unreadable"
    (disk / "ballast").unlink()
    assert contents(disk) == before
    assert vault.all()["A"].get_secret_value() == "1" * 20_000


def test_on_a_read_only_disk_nothing_is_half_done(disk: Path) -> None:
    filled(disk)
    before = contents(disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    output = attempted(disk)
    assert set(output) == {"put", "forget", "require_writable"}
    assert {entry for _, entry in output.values()} == {"vault-unreadable"}
    assert contents(disk) == before


def test_a_vault_of_another_user_is_refused_in_one_sentence(disk: Path) -> None:
    filled(disk)
    disk.chmod(0o755)
    before = contents(disk)
    output = attempted(disk, NOBODY)
    assert set(output) == {"put", "forget", "require_writable"}
    for sentence, _ in output.values():
        assert "Permission denied" in sentence
    assert contents(disk) == before
