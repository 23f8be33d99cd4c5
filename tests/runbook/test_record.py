"""What a runbook records: variables of its own section, with values that the contract's pattern matches."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.conftest import CONTRACT

from deploybook.errors import InvalidValue
from deploybook.redact import Redactor
from deploybook.runbook.events import Event
from deploybook.runbook.modes import Mode
from deploybook.runbook.record import Recorder
from deploybook.state.vault import Vault

GOOD = CONTRACT.variable("MODAL_ENDPOINT_URL").example


class Section:
    """The modal section of an environment on disk, and what it showed."""

    def __init__(self, directory: Path, mode: Mode) -> None:
        self.vault = Vault(directory, "e")
        self.lines: list[Event] = []
        self.recorder = Recorder("modal", mode, CONTRACT, self.vault, Redactor(), (), self.lines.append)

    def stored(self) -> str | None:
        secret = self.vault.get("MODAL_ENDPOINT_URL")
        return secret.get_secret_value() if secret else None


@pytest.mark.parametrize("value", ["http://plain.example.com/oops", "x", f"{GOOD}\n"])
def test_a_value_that_breaks_its_pattern_is_refused_and_not_kept(tmp_path: Path, value: str) -> None:
    section = Section(tmp_path, Mode.APPLY)
    with pytest.raises(InvalidValue, match="MODAL_ENDPOINT_URL"):
        section.recorder.record("MODAL_ENDPOINT_URL", value)
    assert section.stored() is None
    assert section.lines == []


def test_a_value_that_its_pattern_matches_is_kept(tmp_path: Path) -> None:
    section = Section(tmp_path, Mode.APPLY)
    section.recorder.record("MODAL_ENDPOINT_URL", GOOD)
    assert section.stored() == GOOD
    assert [(line.subject, line.outcome) for line in section.lines] == [("MODAL_ENDPOINT_URL", "recorded")]


def test_another_sections_variable_is_refused(tmp_path: Path) -> None:
    section = Section(tmp_path, Mode.APPLY)
    with pytest.raises(InvalidValue, match="not produced by modal"):
        section.recorder.record("TURSO_AUTH_TOKEN", "x")


def test_a_plan_keeps_nothing(tmp_path: Path) -> None:
    section = Section(tmp_path, Mode.PLAN)
    section.recorder.record("MODAL_ENDPOINT_URL", GOOD)
    assert section.stored() is None
    assert section.recorder.values["MODAL_ENDPOINT_URL"].get_secret_value() == GOOD


@pytest.mark.parametrize("mode", [Mode.PLAN, Mode.VERIFY])
def test_a_value_that_was_edited_in_the_vault_is_refused(tmp_path: Path, mode: Mode) -> None:
    section = Section(tmp_path, mode)
    section.vault.put({"MODAL_ENDPOINT_URL": SecretStr("http://plain.example.com/oops")})
    with pytest.raises(InvalidValue, match="MODAL_ENDPOINT_URL in the vault of e has the wrong form") as caught:
        section.recorder.record("MODAL_ENDPOINT_URL", None)
    assert "oops" not in "\n".join(caught.value.lines())


def test_a_value_of_the_providers_that_breaks_its_pattern_fails_verify(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="MODAL_ENDPOINT_URL"):
        Section(tmp_path, Mode.VERIFY).recorder.record("MODAL_ENDPOINT_URL", "http://plain.example.com/oops")
