"""What a killed writer leaves is removed by whoever writes next, and a living writer's file never is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from deploybook.state.atomic import sweep_leftovers, sweep_state, write_private


def kill_while_writing(path: Path, text: str) -> Path:
    """Write as ``write_private`` does, in a process that is killed before its file is in its place; gives what it left."""
    child = os.fork()
    if not child:
        os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        write_private(path, text)
        os._exit(0)
    os.waitpid(child, 0)
    [leftover] = path.parent.glob(f".{path.name}.*")
    return leftover


@pytest.mark.parametrize(
    "name",
    [
        "production.env",
        "production.held.json",
        "production.made.json",
        "production.made.json.bak",
        "staging.vercel.env",
        "staging.modal-render-auth.env",
        "checkout-id",
    ],
)
def test_what_a_killed_writer_left_is_removed(tmp_path: Path, name: str) -> None:
    leftover = kill_while_writing(tmp_path / name, "A='secret'\n")
    assert sweep_state(tmp_path) == [leftover]
    assert list(tmp_path.iterdir()) == []


def test_the_next_writer_removes_what_the_killed_one_left(tmp_path: Path) -> None:
    path = tmp_path / "exported.env"
    kill_while_writing(path, "A='secret'\n")
    write_private(path, "A='b'\n")
    assert list(tmp_path.iterdir()) == [path]


def test_the_leftover_of_a_link_lies_beside_its_target(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "production.env"
    link.symlink_to(tmp_path / "real" / "vault.env")
    leftover = kill_while_writing(tmp_path / "real" / "vault.env", "A='secret'\n")
    assert sweep_leftovers(link) == [leftover]


def test_a_file_that_is_being_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, swept = tmp_path / "production.env", []
    sync = os.fsync

    def sweeping(handle: int) -> None:
        swept.append(sweep_state(tmp_path))
        sync(handle)

    monkeypatch.setattr(os, "fsync", sweeping)
    write_private(path, "A='b'\n")
    assert swept[0] == []
    assert path.read_text() == "A='b'\n"


@pytest.mark.parametrize(
    "name", [".env.production", ".notes.markdown", "production.env.abcdefgh", ".production.env.old"]
)
def test_what_an_operator_keeps_there_stays(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    assert sweep_state(tmp_path) == []


def test_a_link_in_place_of_a_leftover_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / ".production.env.abcdefgh").symlink_to(tmp_path / "mine")
    sweep_state(tmp_path)
    assert (tmp_path / "mine").read_text() == "mine"
