"""Where the server listens, and the name that it has."""

from __future__ import annotations

import stat
from contextlib import closing
from pathlib import Path

import pytest

from deploybook.errors import ConfigurationError
from deploybook.serve.server import NAME_FILE, host_name, listening


def test_it_listens_on_loopback_alone() -> None:
    with closing(listening(0)) as bound:
        assert bound.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_refused_with_the_command_that_takes_another() -> None:
    with closing(listening(0)) as bound, pytest.raises(ConfigurationError) as refused:
        listening(bound.getsockname()[1])
    assert "deploybook serve --port 0" in refused.value.hint


def test_a_checkout_keeps_its_name_which_nobody_else_can_read_or_guess(tmp_path: Path) -> None:
    name = host_name(tmp_path / "one")
    assert host_name(tmp_path / "one") == name
    assert host_name(tmp_path / "two") != name
    assert stat.S_IMODE((tmp_path / "one" / NAME_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("kept", ["", "{}", "[]", '{"name": "evil.example/"}', '{"name": "0123456789ABCDEF"}'])
def test_a_damaged_name_is_made_anew(tmp_path: Path, kept: str) -> None:
    (tmp_path / NAME_FILE).write_text(kept)
    name = host_name(tmp_path)
    assert name.endswith(".localhost")
    assert "evil" not in name
    assert host_name(tmp_path) == name
