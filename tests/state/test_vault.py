"""The vault keeps what it was given, for its owner alone, whatever happens meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
from functools import partial
from pathlib import Path

import keyring
import pytest
from filelock import FileLock
from pydantic import SecretStr
from tests.waiting import until

from deploybook.errors import ConfigurationError, InvalidValue, VaultLocked
from deploybook.state import vault as vault_module
from deploybook.state.vault import Vault

AWKWARD = ["a'b", 'a"b', "a\\b", "a\\'b", "a=b#c", "$HOME ${X}", "é…🔑", " lead", "trail ", "\\n", "'"]


@pytest.mark.parametrize("value", AWKWARD)
def test_a_value_comes_back_unchanged(tmp_path: Path, value: str) -> None:
    Vault(tmp_path, "production").put({"A": SecretStr(value)})
    stored = Vault(tmp_path, "production").get("A")
    assert stored is not None
    assert stored.get_secret_value() == value


def test_a_line_break_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "production")
    vault.put({"A": SecretStr("kept")})
    with pytest.raises(InvalidValue, match="control character"):
        vault.put({"A": SecretStr("one\ntwo"), "B": SecretStr("x")})
    assert {name: value.get_secret_value() for name, value in vault.all().items()} == {"A": "kept"}


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "state", "production")
    vault.put({"A": SecretStr("x")})
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(vault.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601])
def test_a_vault_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    vault = Vault(tmp_path, "production")
    vault.put({"A": SecretStr("x")})
    vault.path.chmod(mode)
    with pytest.raises(ConfigurationError, match="other users"):
        vault.all()


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_vault_in_a_folder_that_others_can_change_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "state"
    vault = Vault(folder, "production")
    vault.put({"A": SecretStr("x")})
    folder.chmod(mode)
    with pytest.raises(ConfigurationError, match="can be changed by other users") as refused:
        vault.all()
    assert refused.value.entry == "vault-open"


def test_environments_are_kept_apart(tmp_path: Path) -> None:
    Vault(tmp_path, "production").put({"A": SecretStr("x")})
    assert Vault(tmp_path, "staging").all() == {}


def test_a_vault_held_by_another_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_module, "LOCK_SECONDS", 0.05)
    with FileLock(tmp_path / "production.lock"), pytest.raises(VaultLocked, match="in use by another run"):
        Vault(tmp_path, "production").put({"A": SecretStr("x")})


def test_what_another_run_holds_is_not_forgotten_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_module, "LOCK_SECONDS", 0.05)
    vault = Vault(tmp_path, "production")
    vault.put({"A": SecretStr("x")})
    with FileLock(tmp_path / "production.lock"), pytest.raises(VaultLocked, match="in use by another run"):
        vault.forget("A")
    assert vault.get("A") == SecretStr("x")


def _write_for_ever(directory: Path) -> None:
    vault = Vault(directory, "production")
    for number in range(100_000):
        vault.put({"A": SecretStr(f"{number:06}" * 500), "B": SecretStr(f"{number:06}" * 500)})


def _differs(path: Path, before: bytes) -> bool:
    return path.read_bytes() != before


def test_a_writer_killed_at_any_moment_leaves_a_whole_vault(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "production")
    vault.put({"A": SecretStr("0"), "B": SecretStr("0")})
    for _ in range(4):
        before = vault.path.read_bytes()
        writer = multiprocessing.get_context("fork").Process(target=_write_for_ever, args=(tmp_path,))
        writer.start()
        until(partial(_differs, vault.path, before), "a write of the writer")
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        values = Vault(tmp_path, "production").all()
        assert values["A"] == values["B"]
        assert len(values["A"].get_secret_value()) == 3000


def test_a_keyring_that_cannot_be_used_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: str) -> None:
        raise keyring.errors.KeyringLocked("no")

    monkeypatch.setattr(keyring, "get_password", locked)
    monkeypatch.setenv("DEPLOYBOOK_VAULT", "keyring")
    with pytest.raises(ConfigurationError, match="keyring cannot be used"):
        Vault(tmp_path, "production").all()


def test_an_unknown_backend_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYBOOK_VAULT", "cloud")
    with pytest.raises(InvalidValue, match="DEPLOYBOOK_VAULT"):
        Vault(tmp_path, "production")
