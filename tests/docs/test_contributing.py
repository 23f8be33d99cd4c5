"""CONTRIBUTING's table of layers is the one that import-linter holds."""

from __future__ import annotations

import re
import tomllib

from tests.conftest import ROOT


def test_the_layers_are_those_of_the_linter_from_the_top() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (layers,) = (
        contract["layers"] for contract in project["tool"]["importlinter"]["contracts"] if contract["type"] == "layers"
    )
    linted = [{name.strip() for name in layer.split("|")} for layer in layers]
    rows = re.findall(r"^\| (`scripts/deploybook/.*?) \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    written = [set(re.findall(r"`scripts/deploybook/(\w+?)(?:/|\.py)`", row)) for row in rows]
    place = {name: number for number, layer in enumerate(linted) for name in layer}
    named = [names for names in written if names]
    assert set().union(*named) >= set().union(*linted) - {"__main__", "redact", "layout", "errors"}
    assert [min(place[name] for name in names) for names in named] == sorted(
        min(place[name] for name in names) for names in named
    )
