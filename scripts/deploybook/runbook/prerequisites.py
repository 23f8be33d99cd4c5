"""What a section finds before it starts: in a dry run of a single section what the earlier ones make, and a vault that it can write."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import SecretStr

from deploybook.contract.model import Contract
from deploybook.layout import Layout
from deploybook.runbook.in_process import run_cells
from deploybook.runbook.modes import Mode
from deploybook.runbook.output import use_listener
from deploybook.state.vault import Vault

# Cells that only check are left out: the sections after need what was made, not the proof.
SKIPPED = frozenset({"verify"})


def provide_examples(contract: Contract, vault: Vault) -> None:
    """Put the contract's example into a sandbox's vault for each value that only the operator has."""
    examples = {variable.name: SecretStr(variable.example) for variable in contract.variables if variable.from_operator}
    if lacking := {name: value for name, value in examples.items() if vault.get(name) is None}:
        vault.put(lacking)


def run_predecessors(layout: Layout, contract: Contract, slug: str, environment: str) -> None:
    """Execute the code cells of every section that this one needs, in the contract's order, in this process."""
    for earlier in contract.all_predecessors(slug):
        if layout.notebook(earlier).exists():
            execute(layout.notebook(earlier), {"mode": "dry-run", "environment": environment})


def execute(path: Path, parameters: Mapping[str, object]) -> None:
    """Execute the cells of one runbook that make something, without output; ``parameters`` replace its own."""
    with use_listener(lambda _: None), contextlib.redirect_stdout(io.StringIO()):
        run_cells(path, parameters, skipped=SKIPPED)


def prepare_vault(contract: Contract, slug: str, mode: Mode, vault: Vault, note: Callable[[str], None]) -> None:
    """In a mode that makes: check that the vault is writable, and note the section's variables that it has lost."""
    if not mode.makes:
        return
    vault.require_writable()
    produced = {variable.name for variable in contract.produced_by(slug)}
    for name in vault.lost():
        if name in produced:
            note(f"{name} was in the vault and is not any more: it is made anew, and its places have to follow")
