"""A vault in the system's keyring: one entry for each environment of each checkout, and none of an earlier version's lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest
from pydantic import SecretStr

from deploybook.errors import VaultUnreadable
from deploybook.state.vault import Vault

EARLIER = ("deploybook:production", "vault")


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring for one test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.stored: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.stored.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.stored[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.stored[service, username]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    ring, before = MemoryKeyring(), keyring.get_keyring()
    monkeypatch.setenv("DEPLOYBOOK_VAULT", "keyring")
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def test_the_keyring_holds_the_values_instead_of_a_file(tmp_path: Path, ring: MemoryKeyring) -> None:
    vault = Vault(tmp_path, "production")
    vault.put({"A": SecretStr("x")})
    assert Vault(tmp_path, "production").get("A") == SecretStr("x")
    assert ring.stored
    assert not vault.path.exists()


def test_two_checkouts_share_no_entry(tmp_path: Path, ring: MemoryKeyring) -> None:
    Vault(tmp_path / "one", "production").put({"A": SecretStr("one")})
    assert Vault(tmp_path / "two", "production").all() == {}
    Vault(tmp_path / "two", "production").put({"A": SecretStr("two")})
    assert Vault(tmp_path / "one", "production").get("A") == SecretStr("one")


def test_a_checkout_that_was_moved_finds_its_entry(tmp_path: Path, ring: MemoryKeyring) -> None:
    Vault(tmp_path / "here", "production").put({"A": SecretStr("x")})
    (tmp_path / "here").rename(tmp_path / "there")
    assert Vault(tmp_path / "there", "production").get("A") == SecretStr("x")


def test_an_earlier_versions_entry_is_taken_over_and_stays(tmp_path: Path, ring: MemoryKeyring) -> None:
    ring.stored[EARLIER] = json.dumps({"A": "x"})
    vault = Vault(tmp_path, "production")
    assert vault.all() == {"A": SecretStr("x")}
    vault.put({"B": SecretStr("y")})
    assert vault.all() == {"A": SecretStr("x"), "B": SecretStr("y")}
    assert json.loads(ring.stored[EARLIER]) == {"A": "x"}


def test_an_earlier_versions_entry_is_not_taken_over_by_a_checkout_that_never_used_it(
    tmp_path: Path, ring: MemoryKeyring
) -> None:
    ring.stored[EARLIER] = json.dumps({"A": "x"})
    Vault(tmp_path / "its own", "production").all()
    assert Vault(tmp_path / "another", "production").all() == {}


def test_each_checkout_that_shared_an_earlier_versions_entry_takes_it_over(tmp_path: Path, ring: MemoryKeyring) -> None:
    ring.stored[EARLIER] = json.dumps({"A": "x"})
    Vault(tmp_path / "one", "production").all()
    second = tmp_path / "two"
    second.mkdir(mode=0o700)
    (second / "production.made.json").write_text("[]\n")
    assert Vault(second, "production").get("A") == SecretStr("x")


def test_what_the_owner_gives_up_is_not_left_in_an_earlier_versions_entry(tmp_path: Path, ring: MemoryKeyring) -> None:
    ring.stored[EARLIER] = json.dumps({"A": "canary"})
    vault = Vault(tmp_path, "production")
    vault.forget("A")
    assert vault.all() == {}
    assert "canary" not in str(ring.stored)


def test_an_entry_that_is_damaged_is_refused_and_left(tmp_path: Path, ring: MemoryKeyring) -> None:
    ring.stored[EARLIER] = '{"A": "x'
    with pytest.raises(VaultUnreadable, match="keyring's entry"):
        Vault(tmp_path, "production").put({"B": SecretStr("y")})
    assert ring.stored == {EARLIER: '{"A": "x'}


def test_an_entry_that_is_gone_is_not_a_new_vault(tmp_path: Path, ring: MemoryKeyring) -> None:
    vault = Vault(tmp_path, "production")
    vault.put({"A": SecretStr("x")})
    ring.stored.clear()
    with pytest.raises(VaultUnreadable, match="is gone: it held A"):
        vault.put({"A": SecretStr("another")})


def test_values_in_a_file_are_not_overlooked_when_the_keyring_is_chosen(
    tmp_path: Path, ring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYBOOK_VAULT", "file")
    Vault(tmp_path, "production").put({"A": SecretStr("x")})
    monkeypatch.setenv("DEPLOYBOOK_VAULT", "keyring")
    with pytest.raises(VaultUnreadable, match="is in the file") as refused:
        Vault(tmp_path, "production").all()
    assert refused.value.hint == "Run export DEPLOYBOOK_VAULT=file."
