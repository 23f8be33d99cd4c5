"""`deploybook check --app DIR`: the application's code reads what the contract says, no more, no less, and hides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deploybook.checks.app.comparison import Compared
from deploybook.checks.app.parts import read_application
from deploybook.checks.app.rules import RULES
from deploybook.checks.finding import Finding
from deploybook.contract.model import Contract

__all__ = ["RULES", "find"]


def find(app: Path, contract: Contract) -> Iterable[Finding]:
    """What is not true of the application at a path, in the order of its files. Runs nothing of it."""
    compared = Compared(read_application(app), contract)
    return sorted({finding for rule in RULES for finding in rule.find(compared)})
