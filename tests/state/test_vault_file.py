"""No line of a vault file is lost: what cannot be read whole is refused before anything is written, and what is not concerned stays."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

from deploybook.errors import DeploybookError, VaultUnreadable
from deploybook.state.vault import Vault

WHOLE = """\
# production, by hand since May

R2_BUCKET_NAME=studio  # bare
export TURSO_DATABASE_URL = "libsql://a.turso.io" # in double quotes
NOT_IN_THE_CONTRACT='it\\'s kept'
\t
MODAL_AUTH_TOKEN='old'  # it's ours
# the end
"""


def written(directory: Path, content: str | bytes) -> Vault:
    """A vault whose file somebody wrote by hand."""
    vault = Vault(directory, "production")
    vault.path.write_bytes(content.encode() if isinstance(content, str) else content)
    vault.path.chmod(0o600)
    return vault


def test_a_value_changes_in_its_place_and_everything_else_stays(tmp_path: Path) -> None:
    vault = written(tmp_path, WHOLE)
    vault.put({"MODAL_AUTH_TOKEN": SecretStr("new"), "R2_BUCKET_NAME": SecretStr("studio"), "ADDED": SecretStr("x")})
    expected = WHOLE.replace("'old'", "'new'") + "ADDED='x'\n"
    assert vault.path.read_text() == expected


def test_a_removed_value_takes_its_line_along_and_nothing_else(tmp_path: Path) -> None:
    vault = written(tmp_path, WHOLE)
    vault.forget("TURSO_DATABASE_URL")
    kept = [line for line in WHOLE.splitlines(keepends=True) if "TURSO" not in line]
    assert vault.path.read_text() == "".join(kept)


def test_other_readers_of_such_files_read_the_same(tmp_path: Path) -> None:
    vault = written(tmp_path, WHOLE)
    vault.put({"MODAL_AUTH_TOKEN": SecretStr("a'b\\c")})
    values = {name: value.get_secret_value() for name, value in vault.all().items()}
    assert values == dotenv_values(vault.path, interpolate=False)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_the_endings_and_the_mark_of_another_system_stay(tmp_path: Path, mark: str, ending: str) -> None:
    vault = written(tmp_path, f"{mark}A='1'{ending}B='2'{ending}")
    vault.put({"A": SecretStr("3")})
    assert vault.path.read_bytes().decode() == f"{mark}A='3'{ending}B='2'{ending}"


def test_a_line_after_a_last_one_without_an_ending_is_a_line_of_its_own(tmp_path: Path) -> None:
    vault = written(tmp_path, "A='1'")
    vault.put({"B": SecretStr("2")})
    assert vault.path.read_text() == "A='1'\nB='2'\n"


UNREADABLE: dict[str, tuple[str | bytes, int]] = {
    "a quote within quotes": ("A='1'\nX='it's mine'\n", 2),
    "half a file": (WHOLE[: WHOLE.index("old") + 1], 7),
    "cut within a name": ("A='1'\nR2_SEC", 2),
    "cut after the equals sign": ("A='1'\nB=", 2),
    "two lines in one": ("A='1'B='2'\n", 1),
    "a value over two lines": ("A='1\n2'\n", 1),
    "a stray word": ("# ours\n\nhunter2\n", 3),
    "a name twice": ("A='1'\nB='2'\nA='3'\n", 3),
    "Latin-1": ("# no\nA='é'\n".encode("latin-1"), 2),
    "UTF-16": ("A='1'\n".encode("utf-16"), 1),
    "UTF-16 without a mark": ("A='1'\n".encode("utf-16-le"), 1),
    "zeros of a crashed disk": (b"A='1'\n\0\0\0\0\n", 2),
    "a conflict of a merge": ("<<<<<<< ours\nA='1'\n", 1),
}


@pytest.mark.parametrize("case", UNREADABLE)
@pytest.mark.parametrize(
    "use", [Vault.all, lambda vault: vault.put({"N": SecretStr("n")}), lambda vault: vault.forget("A")]
)
def test_what_cannot_be_read_whole_is_refused_with_its_line_and_left(
    tmp_path: Path, case: str, use: Callable[[Vault], object]
) -> None:
    content, line = UNREADABLE[case]
    vault = written(tmp_path, content)
    before = vault.path.read_bytes()
    with pytest.raises(VaultUnreadable, match=rf"production\.env, line {line}: ") as refused:
        use(vault)
    assert refused.value.hint.startswith(f"Correct line {line}: ")
    assert "hunter2" not in str(refused.value)
    assert vault.path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\n", b"\0" * 512])
def test_a_vault_without_anything_in_it_is_not_a_new_one(tmp_path: Path, content: bytes) -> None:
    vault = written(tmp_path, content)
    with pytest.raises(VaultUnreadable, match="holds nothing"):
        vault.put({"A": SecretStr("x")})
    assert vault.path.read_bytes() == content


@pytest.mark.parametrize("content", ["", "# only a comment\n", None])
def test_a_vault_that_held_values_and_is_gone_is_not_a_new_one(tmp_path: Path, content: str | None) -> None:
    vault = Vault(tmp_path, "production")
    vault.put({"INTERNAL_WEBHOOK_SECRET": SecretStr("x")})
    if content is None:
        vault.path.unlink()
    else:
        vault.path.write_text(content)
    with pytest.raises(VaultUnreadable, match=r"holds nothing|is gone: it held INTERNAL_WEBHOOK_SECRET"):
        vault.put({"INTERNAL_WEBHOOK_SECRET": SecretStr("another")})


def test_the_hint_of_a_lost_vault_gives_it_up(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "production")
    vault.put({"A": SecretStr("x")})
    vault.path.unlink()
    with pytest.raises(VaultUnreadable) as refused:
        vault.all()
    command = shlex.split(refused.value.hint.partition(" run ")[2].rstrip("."))
    assert command[0] == "rm"
    Path(command[1]).unlink()
    assert vault.all() == {}


def test_lines_that_were_taken_out_by_hand_are_known(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "production")
    vault.put({"A": SecretStr("x"), "B": SecretStr("y")})
    vault.path.write_text("B='y'\n")
    assert vault.lost() == ["A"]


def test_a_vault_whose_last_value_is_forgotten_leaves_nothing_behind(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "production")
    vault.put({"A": SecretStr("x"), "B": SecretStr("y")})
    vault.forget("A", "B")
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []
    vault.put({"A": SecretStr("again")})
    assert vault.lost() == []


@pytest.mark.parametrize("step", ["write_private", "remove_durably"])
def test_a_writer_killed_between_value_and_record_leaves_no_vault_that_looks_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    vault = Vault(tmp_path, "production")
    if step == "remove_durably":
        vault.put({"A": SecretStr("x")})
    monkeypatch.setattr("deploybook.state.held_names.write_private", _killed)
    monkeypatch.setattr("deploybook.state.vault_backends.remove_durably", _killed)
    with pytest.raises(SystemExit):
        vault.put({"A": SecretStr("x")}) if step == "write_private" else vault.forget("A")
    assert Vault(tmp_path, "production").all() == {"A": SecretStr("x")}


def _killed(*_: object) -> None:
    raise SystemExit(137)


def test_a_damaged_record_of_names_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "production")
    record = tmp_path / "production.held.json"
    record.write_text('{"names": ')
    with pytest.raises(VaultUnreadable, match=r"held\.json cannot be read") as refused:
        vault.put({"A": SecretStr("x")})
    assert f"rm {record}" in refused.value.hint


def test_a_folder_in_the_vaults_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "production.env").mkdir()
    with pytest.raises(VaultUnreadable, match="is not a file"):
        Vault(tmp_path, "production").put({"A": SecretStr("x")})


def test_a_vault_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = written(tmp_path, "A='1'\n")

    def refused(_: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    # The tests may run as root, whom no mode keeps out.
    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(VaultUnreadable, match="Permission denied"):
        vault.put({"B": SecretStr("2")})


def test_a_link_stays_and_its_target_holds_the_new_secret_alone(tmp_path: Path) -> None:
    real = tmp_path / "safe" / "studio.env"
    real.parent.mkdir(mode=0o700)
    real.write_text("A='old'\n")
    real.chmod(0o600)
    vault = Vault(tmp_path / "state", "production")
    vault.path.parent.mkdir(mode=0o700)
    vault.path.symlink_to(real)
    vault.put({"A": SecretStr("new")})
    assert vault.path.readlink() == real
    assert real.read_text() == "A='new'\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_link_to_where_nothing_is_mounted_is_refused(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "production")
    vault.path.symlink_to(tmp_path / "not mounted" / "production.env")
    with pytest.raises(VaultUnreadable, match="folder does not exist"):
        vault.put({"A": SecretStr("x")})
    assert not (tmp_path / "not mounted").exists()


@pytest.mark.parametrize(
    "write", [lambda vault: vault.put({"B": SecretStr("2")}), lambda vault: vault.forget("NOTHING")]
)
def test_what_a_killed_write_left_in_clear_is_swept_by_the_next(tmp_path: Path, write: Callable[[Vault], None]) -> None:
    vault = Vault(tmp_path, "production")
    vault.put({"A": SecretStr("canary")})
    other = tmp_path / ".staging.env.abcdefgh"
    for leftover in (tmp_path / ".production.env.x1y2z3_4", tmp_path / ".production.env.z3z3z3z3", other):
        leftover.write_text("A='canary'\n")
    write(vault)
    assert list(tmp_path.glob(".*.env.*")) == [other]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(DeploybookError):
        Vault(tmp_path / "state", "production").put({"A": SecretStr("x")})
