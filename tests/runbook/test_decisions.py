"""A decision about a resource holds for the run for which it was made, and for no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.conftest import CONTRACT, ROOT

from deploybook.clouds.connections import Connections
from deploybook.errors import InvalidValue
from deploybook.layout import Layout
from deploybook.runbook import Runbook
from deploybook.runbook.decisions import VARIABLES, Decisions
from deploybook.runbook.modes import Mode
from deploybook.runner import run
from deploybook.runner.plan import Plan

EXPORTED = {
    "DEPLOYBOOK_ADOPT": '["R2 bucket/mine", "Turso database/mine"]',
    "DEPLOYBOOK_RELEASE": "R2 token/t",
    "DEPLOYBOOK_EMPTY_BUCKET": "true",
}


@pytest.fixture(autouse=True)
def exported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in EXPORTED.items():
        monkeypatch.setenv(name, value)


def test_a_runbook_uses_up_what_was_decided(tmp_path: Path) -> None:
    runbook = Runbook("r2", Mode.DESTROY, CONTRACT, tmp_path, "production", Connections({}))
    assert runbook.clouds.may_empty
    assert [name for name in VARIABLES if name in os.environ] == []
    again = Runbook("r2", Mode.DESTROY, CONTRACT, tmp_path, "production", Connections({}))
    assert not again.clouds.may_empty


@pytest.mark.parametrize("mode", [Mode.APPLY, Mode.DESTROY])
@pytest.mark.parametrize("decided", [Decisions(), Decisions(adopt=("R2 bucket/other",))])
def test_the_command_line_alone_decides_for_its_run(mode: Mode, decided: Decisions) -> None:
    plan = Plan(Layout(ROOT), CONTRACT, mode, "production", ("r2",), {}, 1, decided)
    with run._environment(plan, lambda: pytest.fail("a live run starts no sandbox")) as (_, environ):
        assert Decisions.from_environment(environ()) == decided


def test_what_is_no_list_is_refused() -> None:
    environ = {"DEPLOYBOOK_ADOPT": '["R2 bucket/mine"'}
    with pytest.raises(InvalidValue, match="is not a JSON list"):
        Decisions.used_up(environ)
