"""A lone dry run: the sections before this one are run first, quietly, so that it finds what they would have made."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path

from deploybook.contract.model import Contract
from deploybook.layout import Layout
from deploybook.runbook.in_process import run_cells
from deploybook.runbook.output import use_listener

# What only looks is left out: a seed needs the facts, not the proof.
SKIPPED = frozenset({"verify"})


def run_predecessors(layout: Layout, contract: Contract, slug: str, environment: str) -> None:
    """Execute the code cells of every section that this one stands on, in the contract's order, in this process."""
    wanted = _closure(contract, slug)
    for earlier in contract.order():
        if earlier in wanted and layout.notebook(earlier).exists():
            execute(layout.notebook(earlier), {"mode": "dry-run", "environment": environment})


def _closure(contract: Contract, slug: str) -> set[str]:
    found: set[str] = set()
    waiting = [slug]
    while waiting:
        new = contract.predecessors(waiting.pop()) - found
        found |= new
        waiting += new
    return found


def execute(path: Path, given: Mapping[str, object]) -> None:
    """The code cells of one runbook that make something, quietly, with the parameters given over its own."""
    with use_listener(lambda _: None), contextlib.redirect_stdout(io.StringIO()):
        run_cells(path, given, skipped=SKIPPED)
