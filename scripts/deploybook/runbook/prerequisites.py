"""A lone dry run: the sections before this one are run first, quietly, so that it finds what they would have made."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from deploybook.contract.model import Contract
from deploybook.layout import Layout
from deploybook.runbook.in_process import run_cells
from deploybook.runbook.output import use_listener
from deploybook.state.vault import Vault

# What only looks is left out: a seed needs the facts, not the proof.
SKIPPED = frozenset({"verify"})


def provide_examples(contract: Contract, vault: Vault) -> None:
    """Put the contract's example into a sandbox's vault for each value that only the operator has."""
    examples = {each.name: SecretStr(each.example) for each in contract.variables if each.from_operator}
    if lacking := {name: value for name, value in examples.items() if vault.get(name) is None}:
        vault.put(lacking)


def run_predecessors(layout: Layout, contract: Contract, slug: str, environment: str) -> None:
    """Execute the code cells of every section that this one stands on, in the contract's order, in this process."""
    for earlier in contract.all_predecessors(slug):
        if layout.notebook(earlier).exists():
            execute(layout.notebook(earlier), {"mode": "dry-run", "environment": environment})


def execute(path: Path, parameters: Mapping[str, object]) -> None:
    """The code cells of one runbook that make something, quietly, with the parameters given over its own."""
    with use_listener(lambda _: None), contextlib.redirect_stdout(io.StringIO()):
        run_cells(path, parameters, skipped=SKIPPED)
