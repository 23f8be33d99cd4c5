"""The package's architecture: the contracts of pyproject.toml hold, each of them can fail, and no circle of modules is left."""

from __future__ import annotations

import graphlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from tests.conftest import ROOT

LAYERS = "No import goes up a floor"
ON_THE_WIRE = "The sandbox and its application meet the clients on the wire only"
STARTED_BY_ONE = "Only the command that starts it imports the sandbox"
CIRCLES = "No circle of imports"

LAZY = "\n\ndef _late() -> object:\n    import {0}\n\n    return {0}\n"
FOR_TYPING = "\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import {0}\n"


def test_no_module_leads_back_to_itself() -> None:
    graph = grimp.build_graph("deploybook", exclude_type_checking_imports=False, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    order = list(graphlib.TopologicalSorter(imports).static_order())
    assert "deploybook.sandbox.host" in order


def test_every_contract_of_the_package_is_kept() -> None:
    assert _broken(ROOT) == set()


@pytest.mark.parametrize(
    ("module", "text", "contract"),
    [
        ("clouds/turso/client.py", LAZY.format("deploybook.sandbox.turso.service"), STARTED_BY_ONE),
        ("runbook/record.py", FOR_TYPING.format("deploybook.sandbox.host"), STARTED_BY_ONE),
        ("sandbox/turso/service.py", LAZY.format("deploybook.clouds.turso.client"), ON_THE_WIRE),
        ("sample_app/hrana.py", LAZY.format("deploybook.clouds.turso.hrana"), ON_THE_WIRE),
        ("state/vault.py", LAZY.format("deploybook.runbook.runbook"), LAYERS),
        ("sandbox/modal/state/namespace.py", FOR_TYPING.format("deploybook.sandbox.modal.state.apps"), CIRCLES),
        ("clouds/modal/client.py", LAZY.format("deploybook.clouds.modal.secret"), CIRCLES),
    ],
)
def test_a_contract_breaks_on_an_import_that_it_forbids(tmp_path: Path, module: str, text: str, contract: str) -> None:
    shutil.copytree(ROOT / "scripts" / "deploybook", tmp_path / "deploybook", ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "deploybook" / module).open("a") as file:
        file.write(text)
    assert contract in _broken(tmp_path)


def _broken(directory: Path) -> set[str]:
    """The contracts that ``lint-imports`` calls broken for the package in ``directory`` (which it imports from there)."""
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [linter, "--no-cache"], cwd=directory, env={**os.environ, "COLUMNS": "200"}, capture_output=True, text=True
    )
    assert "Analyzed" in run.stdout, run.stdout + run.stderr
    broken = set(re.findall(r"^(.+) BROKEN", run.stdout, re.MULTILINE))
    assert run.returncode == (1 if broken else 0)
    return broken
