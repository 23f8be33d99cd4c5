"""The execution of one section, as far as it needs no kernel."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

from tests.conftest import ROOT

from deploybook.contract.model import load_contract
from deploybook.runner.worker import SectionJob, execute

SECRET = "canary0123456789abcdef"


def test_what_nobody_foresaw_fails_its_section_and_is_named_by_its_class_alone(tmp_path: Path) -> None:
    section = load_contract(ROOT / "runbooks" / "contract.toml").section("r2")
    notebook = tmp_path / "r2.ipynb"
    notebook.write_text(f'{{"cells": "{SECRET}"')
    parameters = {"environment": "production"}
    environ = {**os.environ, "DEPLOYBOOK_HOME": str(ROOT)}
    job = SectionJob(section, notebook, tmp_path / "copy.ipynb", parameters, tmp_path / "state", environ)
    with mock.patch.dict(os.environ):
        result = execute(job)
    assert result.status == "failed"
    assert result.error is not None
    assert result.error["type"] == "RunbookFailed"
    assert result.error["message"] == "The r2 runbook stopped after cell worker: NotJSONError."
    assert SECRET not in str(result.error)
