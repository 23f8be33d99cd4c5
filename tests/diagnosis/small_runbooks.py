"""A checkout with runbooks of a cell or two, which tell what a test wants and ask no provider."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from tests.conftest import ROOT
from tests.state.made import made

from deploybook.contract.model import load_contract
from deploybook.layout import Layout
from deploybook.state.ledger import Ledger

CONTRACT = load_contract(ROOT / "runbooks" / "contract.toml")
CANARY = "a1" * 32
PARAMETERS = 'mode: str = "dry-run"\nenvironment: str = ""\nbucket_name: str = "default"'
SHOW = """
from deploybook.runbook.events import Event
from deploybook.runbook.output import Screen
show = lambda *told: Screen().show(Event(*told))
"""


@dataclass
class Checkout:
    """Runbooks of sections that were begun, in an environment in which the credentials of those sections are set to CANARY."""

    layout: Layout
    patch: pytest.MonkeyPatch

    def begin(self, slug: str, *sources: str) -> None:
        """Write a section's runbook, a cell for each source, and note that it has made something."""
        head = [("parameters", PARAMETERS), ("setup", SHOW)]
        cells = [
            {"cell_type": "code", "id": f"cell-{number}", "metadata": {"tags": [tag]}, "source": source, "outputs": []}
            for number, (tag, source) in enumerate([*head, *(("verify", source) for source in sources)])
        ]
        self.layout.notebook(slug).parent.mkdir(exist_ok=True)
        self.layout.notebook(slug).write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
        Ledger(self.layout.state, "production").put(made(slug))
        for credential in CONTRACT.credentials:
            if slug in credential.sections:
                self.patch.setenv(credential.name, CANARY)
