"""A checkout of its own for a test, in which it uses the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.runbooks.first_apply import FirstApply, first_apply
from tests.runbooks.guide import COMMAND, Finished, Guide

__all__ = ["COMMAND", "Finished", "FirstApply", "Guide", "first_apply", "guide"]


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    (tmp_path / "runbooks").symlink_to(ROOT / "runbooks")
    return Guide(tmp_path)
